"""The ledger of a data folder as its commands need it: opened to be read, checked, proven from and witnessed."""
