"""A video of the person moves their avatar."""
