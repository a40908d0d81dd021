"""Archived recordings: which files there are, when they were recorded, and the frames they hold."""
