"""The stage in front of the others where there is no album: a person from a sentence."""
