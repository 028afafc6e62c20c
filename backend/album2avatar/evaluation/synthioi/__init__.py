"""SynthIOI: the published protocol of PuzzleIOI on held-out synthetic people."""
