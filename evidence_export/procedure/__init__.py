"""What officers do with a case, from lead to decision: an explicit state machine with guards."""
