"""The library of all tokens that were learned, and the file in which one of them travels."""
