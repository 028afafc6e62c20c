"""What the photos show of a surface: its assets, its colours, and where nothing is known."""
