"""Triangles, tetrahedra, UV maps."""
