"""Live cameras -> packets stamped on arrival. A live stream never simply ends: every end is a fault with a cause."""
