"""PuzzleBooth: each asset becomes a token of the prior."""
