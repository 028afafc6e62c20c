"""The avatar held against the album: shape, poses and light agree with the photos, then colours do."""
