"""Geometry, distilled from the prior's normal maps."""
