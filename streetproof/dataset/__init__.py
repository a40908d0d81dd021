"""Reviewed cases as a data set to train detectors from."""
