"""Releases (移送包): what leaves the department. A sealed case, untouched or masked, with its proofs and papers."""
