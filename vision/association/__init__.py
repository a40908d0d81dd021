"""Short-term association: the interface, and one implementation per file."""
