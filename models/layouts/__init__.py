"""Output layouts by name."""
