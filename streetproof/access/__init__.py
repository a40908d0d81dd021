"""Looking at cases: with a purpose, which the ledger has before anybody sees anything."""
