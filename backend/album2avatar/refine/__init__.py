"""The avatar held against the album: shape, poses and light agree first, colours then."""
