"""Reading small YAML files that others may have written: no aliases, no repeated keys, no surprises in size."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

import yaml

from models.errors import CatalogError

MOST_BYTES = 1024 * 1024


class _StrictLoader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.constructor.ConstructorError(problem="aliases are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key.value, str):
                raise yaml.constructor.ConstructorError(problem="a key must be text", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"{key.value!r} is given twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> object:
    """The document in the file at `path`. Raises CatalogError, which names the line."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CatalogError(f"cannot be read ({error.strerror})", where=str(path)) from error
    if len(data) > MOST_BYTES:
        raise CatalogError(f"has more than {MOST_BYTES} bytes", where=str(path))
    try:
        return yaml.load(data, Loader=_StrictLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise CatalogError(f"is no valid YAML: {' '.join(str(error).split())[:300]}", where=str(path)) from error
