"""Cases whose time is up: which, why, and their removal, which a crash at any moment cannot turn into a lie."""
