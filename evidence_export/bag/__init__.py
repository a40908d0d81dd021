"""The bundle's form: names, digests, canonical JSON, BagIt files, zip. Shared by the sealer and the verifier.

Stands on the standard library and `cryptography` alone, so that the verifier runs where nothing else is installed.
"""
