"""Telling others of leads and faults: kept on disk until each of them has it."""
