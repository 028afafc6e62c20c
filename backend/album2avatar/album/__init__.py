"""Intake: the artist's photos become upright 8-bit sRGB PNGs of a bounded size."""
