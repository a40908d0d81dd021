"""How well stays are told: scenes with known truth, per condition, ours beside the peer script's."""
