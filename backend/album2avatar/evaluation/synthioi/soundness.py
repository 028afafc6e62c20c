"""Whether a mesh and its texture coordinates are what an artist can work with."""
