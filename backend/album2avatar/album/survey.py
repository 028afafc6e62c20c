"""Going through an album: what there is, what it is worth, and what of it is used."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from album2avatar.album.decoder import DecodedSize, PhotoDecoder
from album2avatar.album.items import Item
from album2avatar.album.judging import Finding, find_flaws, find_twin
from album2avatar.album.person import Sight
from album2avatar.album.quality import PhotoMeasures, measure_photo
from album2avatar.album_report import ArtistsWish, PhotoReport
from album2avatar.errors import AlbumError
from album2avatar.settings import AlbumSettings


@dataclass(frozen=True)
class Surveyed:
    """An item and what was found."""

    item: Item
    report: PhotoReport
    size: DecodedSize | None
    """None where there is no picture."""


class Survey:
    """Judges photo after photo, each beside those before it that are used."""

    def __init__(
        self,
        settings: AlbumSettings,
        decoder: PhotoDecoder,
        sight: Sight,
        wish: Callable[[Item], ArtistsWish],
    ) -> None:
        """
        Args:
            settings: what is left out by default.
            decoder: opens the files.
            sight: looks for people.
            wish: what the artist said of an item.
        """
        self._settings = settings
        self._decoder = decoder
        self._sight = sight
        self._wish = wish
        self._used: list[tuple[str, PhotoMeasures]] = []

    def look(self, item: Item, target: Path) -> Surveyed:
        """Decode an item into the PNG `target` and judge it.

        Raises:
            OSError: `target` can't be written.
            ModelError: nobody can look for people.
        """
        try:
            size = self._decode(item, target)
        except AlbumError as error:
            unreadable = Finding("unreadable", str(error))
            return Surveyed(item, self._report(item, [unreadable], []), None)
        original_size = (size.original_width, size.original_height)
        with Image.open(target, formats=("PNG",)) as image:
            measures = measure_photo(image.convert("RGB"), original_size, self._sight(target))
        findings = find_flaws(measures)
        if all(found.flaw != "nobody" for found in findings):
            twin = find_twin(measures, self._used)
            findings = findings if twin is None else (*findings, twin)
        reasons = [found for found in findings if found.flaw in self._settings.leave_out]
        others = [found for found in findings if found not in reasons]
        report = self._report(item, reasons, others).model_copy(
            update={
                "width": size.original_width,
                "height": size.original_height,
                "measures": measures.numbers(),
            }
        )
        if report.is_used:
            self._used.append((item.name, measures))
        return Surveyed(item, report, size)

    def _decode(self, item: Item, target: Path) -> DecodedSize:
        if item.complaint:
            raise AlbumError(item.complaint)
        if item.moment is None:
            return self._decoder.decode(item.path, target)
        return self._decoder.decode_frame(item.path, item.moment, target)

    def _report(
        self, item: Item, reasons: Sequence[Finding], others: Collection[Finding]
    ) -> PhotoReport:
        wish = self._wish(item)
        return PhotoReport(
            id=item.id,
            name=item.name,
            verdict="rejected" if reasons else "warning" if others else "good",
            warnings=tuple(found.sentence for found in (*reasons, *others)),
            rejections=tuple(found.flaw for found in reasons),
            choice="" if wish == "kept" and not reasons else wish,
        )
