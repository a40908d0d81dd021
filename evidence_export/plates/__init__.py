"""The plate of a stay: read from the recordings when its case is sealed, never before and never guessed."""
