"""Parametric bodies: Anny and SMPL-X."""
