"""The command line. The only place that prints."""

from streetproof.cli.app import main

__all__ = ["main"]
