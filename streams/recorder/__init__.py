"""Original packets -> segments of about ten seconds that survive a crash and name their predecessor."""
