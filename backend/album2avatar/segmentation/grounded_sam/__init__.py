"""Segmentation of real photos: Grounding DINO finds what is named, SAM outlines it."""
