"""Colour, distilled from the prior's photos."""
