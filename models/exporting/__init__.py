"""Making a model into a file for another runtime, and proving that it still finds the same."""
