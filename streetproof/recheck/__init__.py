"""Re-checks (复查): what is asked, looking at the footage, and the evidence of the outcome."""
