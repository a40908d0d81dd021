"""What live cameras cost: per camera and level of attention, against the limits, and how many a machine holds."""
