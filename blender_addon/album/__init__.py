"""The album panel: which photos the avatar is made from."""
