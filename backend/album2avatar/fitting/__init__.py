"""The template body in shape, pose and camera of every photo."""
