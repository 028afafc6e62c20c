"""Segmentation: every photo taken apart into the album's assets."""
