"""No prompt may lose its end to the text encoder's limit, and who is to blame is said."""

from collections.abc import Mapping

from album2avatar.errors import ModelError, SettingsError
from album2avatar.prior.model import Prior
from album2avatar.prior.tokens import require_tokens_kept


def require_whole_prompt(
    prior: Prior, prompt: str, names: Mapping[str, str], addition: str = ""
) -> None:
    """Check that the text encoder reads all of a prompt: tokens, view word, and every clause.

    Args:
        prior: whose tokenizer knows the tokens.
        prompt: with the artist's addition, if any, at its end.
        names: token to the asset's name, for the message.
        addition: the artist's words (`prompt_addition`).

    Raises:
        ModelError: a token, the view word or another clause falls off; the message names the
            asset.
        SettingsError: only the artist's addition falls off.
    """
    require_tokens_kept(prior, prompt, names)
    if fits(prior, prompt):
        return
    without = prompt.removesuffix(addition).removesuffix(", ")
    if addition and fits(prior, without):
        raise SettingsError(
            f"`prompt_addition` is too long: with '{addition}' the prompt '{prompt}' has more than "
            f"the {prior.prompt_limit} pieces of words that the prior's text encoder reads. "
            "Shorten it."
        )
    longest = max(
        (name for token, name in names.items() if token in prompt),
        key=lambda name: len(prior.tokenizer(name).input_ids),
        default="",
    )
    raise ModelError(
        f"{_lost_clause(prior, without)} falls off the end of the prompt '{without}': the prior's "
        f"text encoder reads {prior.prompt_limit} pieces of words. Give the asset '{longest}' a "
        "shorter name in segmentation/assets.json, or remove an asset."
    )


def _lost_clause(prior: Prior, prompt: str) -> str:
    """The first clause of which something is lost."""
    clauses = prompt.split(", ")
    for count in range(1, len(clauses)):
        if not fits(prior, ", ".join(clauses[: count + 1])):
            return f"'{clauses[count]}'"
    return "The end"


def fits(prior: Prior, prompt: str) -> bool:
    """Whether every text encoder reads all of a prompt."""
    return all(len(reader.tokenizer(prompt).input_ids) <= reader.limit for reader in prior.readers)
