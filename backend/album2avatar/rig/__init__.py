"""Skinning weights and eyes for the sculpted mesh."""
