"""Which pixel belongs to which asset."""
