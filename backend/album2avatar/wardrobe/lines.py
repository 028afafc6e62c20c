"""Text of unknown origin as something that can be shown."""


def one_line(text: str, length: int) -> str:
    """One line of at most `length` printable letters; anything else becomes a space."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:length].strip()
