"""Cameras and recordings -> timed packets and frames. Knows media and time; knows nothing of models or rules."""
