"""Each frame of a clip taken apart: a clean plate, and soft masks."""
