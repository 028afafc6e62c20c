"""Set-up of the backend: the artist's choices and the buttons that act on them."""
