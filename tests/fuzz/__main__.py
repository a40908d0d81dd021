"""`python -m tests.fuzz`: tampers with bundles of every form, and sees that no verifier takes one of them for whole.

The same seed gives the same mutations. Memory is limited: what makes a verifier take more ends as a fault.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from pathlib import Path

from tests.fuzz import readers
from tests.fuzz.forms import make
from tests.fuzz.running import run

_MEMORY = 4 << 30
"""Of address space, which native libraries reserve without using it; what was used is told at the end."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="mutations")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="begin with this number, to do one again")
    parser.add_argument("--form", action="append", help="of this form only")
    parser.add_argument("--readers", action="store_true", help="the other readers, `count` mutations of each, instead")
    parser.add_argument("--mutator", action="append", help="this one only")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.readers:
            found = readers.run(readers.readers(Path(folder)), given.count, given.seed)
            print(json.dumps(vars(found), indent=1, ensure_ascii=False))
            return 1 if found.faults else 0
        forms = make(Path(folder) / "forms")
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        chosen = [form for form in forms if given.form is None or form.name in given.form]
        outcome = run(
            chosen,
            given.count,
            given.seed,
            Path(folder),
            first=given.first,
            mutators=given.mutator,
            say=lambda text: print(text, file=sys.stderr),
        )
    print(json.dumps(vars(outcome), indent=1, ensure_ascii=False))
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
