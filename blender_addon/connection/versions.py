"""Which releases go together."""


def is_same_release(one: str, other: str) -> bool:
    """Whether versions such as 0.1.0 and 0.1.4 understand each other."""
    return bool(one) and one.split(".")[:2] == other.split(".")[:2]
