"""The assets panel: the pieces of the person."""
