"""Which seeds are for what. A person of one split never appears in another."""

from typing import Literal

Split = Literal["training", "demo", "held-out"]

_SPLIT_STARTS: dict[Split, int] = {"training": 0, "demo": 1_000_000_000, "held-out": 2_000_000_000}
_SPLIT_SIZE = 1_000_000_000


def person_seed(split: Split, index: int) -> int:
    """Seed of the `index`-th person of a split.

    Raises:
        ValueError: `index` is negative or beyond the split.
    """
    if not 0 <= index < _SPLIT_SIZE:
        raise ValueError(f"Person {index} of split {split} must be in 0..{_SPLIT_SIZE - 1}.")
    return _SPLIT_STARTS[split] + index
