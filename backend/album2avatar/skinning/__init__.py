"""Skinning weights of any surface around a body."""
