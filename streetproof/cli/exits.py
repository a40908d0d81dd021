"""Exit codes, the same for every command; `streetproof --help` and docs/operators.md list them."""

from enum import IntEnum


class Exit(IntEnum):
    """What the shell is told."""

    OK = 0
    """Everything that was asked for was done."""
    FAILED = 1
    """A check said no: a bundle does not verify, a site file has mistakes, a model is not what it must be."""
    USAGE = 2
    """The command was not understood, or names something that does not exist."""
    PARTIAL = 3
    """Done, but some inputs, or parts of them, could not be used; each is explained."""
    ERROR = 4
    """Nothing could be done; the message says why."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C; the same command goes on where it stopped."""


EPILOG = (
    "Exit codes: 0 done · 1 a check failed · 2 usage · 3 done, but some inputs could not be used · "
    "4 nothing could be done · 130 interrupted"
)
