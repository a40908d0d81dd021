"""The ledger in a database of its own: unlike the state of a site, it cannot be made again from anything."""
