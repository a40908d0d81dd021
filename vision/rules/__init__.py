"""The kinds of rules a policy may hold: the shared part in `interface`, one file per kind."""
