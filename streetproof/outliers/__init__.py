"""Cameras whose cases should be looked at before they are confirmed: unusually many, or unusually often rejected."""
