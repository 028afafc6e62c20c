"""Intake: read an artist's photos without touching them."""
