"""In which photo an asset is shown. Knows nothing of Blender."""

from ..connection.types import Asset, AssetPhoto


def shown_photo(asset: Asset, wanted: str) -> AssetPhoto | None:
    """The wanted photo, where it shows the asset; else the one that shows most of it."""
    if not asset.photos:
        return None
    found = next((photo for photo in asset.photos if photo.photo == wanted), None)
    return found or max(asset.photos, key=lambda photo: photo.share)


def neighbour(asset: Asset, photo: str, step: int) -> str:
    """Id of the photo so many places further, in a ring."""
    ids = [found.photo for found in asset.photos]
    if not ids:
        return ""
    place = ids.index(photo) if photo in ids else 0
    return ids[(place + step) % len(ids)]


def photos_phrase(asset: Asset) -> str:
    """In how many photos an asset is: "in 4 photos"."""
    count = sum(photo.share > 0 for photo in asset.photos)
    return f"in {count} photo{'' if count == 1 else 's'}"
