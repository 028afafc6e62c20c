"""How close an avatar is to the truth."""
