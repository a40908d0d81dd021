"""Detections over time -> stays -> violations. Pure, deterministic, replayable: no clock, no I/O, no randomness."""
