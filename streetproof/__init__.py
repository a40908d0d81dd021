"""The application: settings, command line, batch runs and reports.

Kept light on import: lower layers import `streetproof.errors`.
"""
