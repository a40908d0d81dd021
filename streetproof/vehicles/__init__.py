"""The ledger of vehicles: entries out of bundles, searching them, and showing what was found."""
