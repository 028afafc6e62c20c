"""How weights fall over the steps."""


def falling(first: float, last_share: float, step: int, steps: int) -> float:
    """A value at step number `step`: `first` at the first one, `last_share` of it at the last,
    geometric in between."""
    return first * last_share ** (step / max(steps - 1, 1))
