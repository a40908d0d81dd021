"""The list of sealed cases: what each bundle says, and what is known of it since."""
