"""Each frame of a clip taken apart: a clean plate, soft masks, and poses in which both agree."""
