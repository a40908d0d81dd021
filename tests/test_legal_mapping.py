"""The page that leads from the law to tests names every duty once, and tests that exist."""

from __future__ import annotations

import ast
import re

from tests.conftest import ROOT

_ROW = re.compile(r"^\| (\d+) .*$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> dict[int, str]:
    text = (ROOT / "docs" / "legal-mapping.md").read_text(encoding="utf-8")
    found = [(int(match[1]), match[0]) for match in _ROW.finditer(text)]
    assert len(dict(found)) == len(found), "a duty stands twice"
    return dict(found)


def test_each_of_the_twelve_duties_has_its_row_with_its_state() -> None:
    assert sorted(rows()) == list(range(1, 13))
    for row in rows().values():
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 5 and all(cells)
        assert cells[2] in ("built", "partly", "missing")


def test_the_tests_that_are_named_exist() -> None:
    for number, row in rows().items():
        named = _TEST.findall(row)
        assert named, f"duty {number} names no test"
        for path, name in named:
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            assert name in functions, f"duty {number}: {path} has no {name}"
