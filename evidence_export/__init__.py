"""Violations -> sealed cases and bundles, and the verifier.

Light on import: the verifier runs where nothing else does.
"""
