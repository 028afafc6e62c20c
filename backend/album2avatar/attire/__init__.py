"""Assets that words describe: what they are, and where they are on the body."""
