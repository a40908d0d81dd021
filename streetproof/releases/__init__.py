"""Gathers what a release carries: the case, its part of the ledger, exhibits, recordings, papers, masked copies."""
