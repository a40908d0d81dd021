"""Frames -> detections. Knows models and their files; knows nothing of media, time or rules."""
