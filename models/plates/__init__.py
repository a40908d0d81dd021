"""Number plates: a picture in, plates with their text, colour and corners out, and what speaks against each read."""
