"""The procedures of the cases in a data folder: read from bundles and the ledger, and written into the ledger."""
