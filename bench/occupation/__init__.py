"""How well taken ground is told: pavements with known truth, per scenario."""
