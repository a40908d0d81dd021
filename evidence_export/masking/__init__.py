"""Copies that may leave the department: bystanders and other vehicles' plates painted over, originals untouched."""
