"""Where models come from: what is on this computer, what is missing, and how it gets here."""
