"""Whether a token can be used with a prior."""

from album2avatar.errors import WardrobeError
from album2avatar.wardrobe.entry import WardrobeEntry


def require_compatible(entry: WardrobeEntry, prior_hash: str, prior_name: str) -> None:
    """Make sure that an entry's token means something to a prior.

    Args:
        prior_hash: `hash_of_weights` of the prior that the entry is to be used with.
        prior_name: what people call it.

    Raises:
        WardrobeError: the token was learned on other weights.
    """
    if entry.prior_hash == prior_hash:
        return
    if entry.prior == prior_name:
        learned = f"another version of the base model '{prior_name}' than this avatar's"
    else:
        learned = f"the base model '{entry.prior}', and this avatar is made with '{prior_name}'"
    raise WardrobeError(
        f"'{entry.name}' ({entry.id}) was learned on {learned}. A token means something to the "
        f"weights that it was learned on only ({entry.prior_hash[:12]}, not {prior_hash[:12]}). "
        f"Make this avatar with '{entry.prior}', or make '{entry.source}' with '{prior_name}' and "
        "add it to the wardrobe again."
    )
