"""What may speak against a photo of an album."""

from typing import Literal, get_args

Flaw = Literal[
    "unreadable", "small", "blurred", "dark", "overexposed", "twin", "nobody", "several", "cut"
]
"""`several` is a second person, `cut` a person who is partly outside of the picture where no
framing would cut: at the side, or through the head."""

FLAWS: tuple[Flaw, ...] = get_args(Flaw)
