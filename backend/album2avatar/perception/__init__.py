"""The demo perception network: what is where in a photo of a person, and what it is called."""
