"""Procedurally dressed people with known truth."""
