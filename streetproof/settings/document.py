"""Reads a YAML file as plain data and remembers where each value stands, so that a mistake can be pointed at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from streetproof.errors import StreetproofError

MAX_BYTES = 4 * 1024 * 1024
MAX_NODES = 200_000


class ConfigError(StreetproofError):
    """A site file that cannot be read or does not mean what it must."""


@dataclass(frozen=True)
class Document:
    """A parsed YAML file: its data, its exact bytes, and the tree that knows the lines."""

    path: Path
    content: bytes
    data: Any
    root: yaml.Node | None

    def line_of(self, location: Sequence[int | str]) -> int:
        """The 1-based line of the value at `location` (keys and indices), or of its nearest existing parent."""
        node = self.root
        for step in location:
            child = _child(node, step)
            if child is None:
                break
            node = child
        return 1 if node is None else int(node.start_mark.line) + 1


def read_document(path: Path) -> Document:
    """Parse `path` as YAML with safe types only.

    Raises ConfigError for a file that is missing, too large, no YAML, has a key twice, or grows out of bounds by
    aliases.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"the file cannot be read: {error.strerror}", where=str(path), remedy="Check the path and its permissions"
        ) from error
    if len(content) > MAX_BYTES:
        raise ConfigError(
            f"the file is larger than {MAX_BYTES // 2**20} MiB", where=str(path), remedy="This is no site file"
        )
    try:
        loader = yaml.SafeLoader(content)
        root = loader.get_single_node()
        _check_tree(root, path)
        data = None if root is None else loader.construct_document(root)
        loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError(
            f"not valid YAML: {error.problem}", where=f"{path}{line}", remedy="Check indentation and quotes there"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"not valid YAML: {str(error).splitlines()[0]}", where=str(path), remedy="Save the file as UTF-8 YAML"
        ) from error
    return Document(path, content, data, root)


def _check_tree(root: yaml.Node | None, path: Path) -> None:
    """Refuse duplicate keys, and trees that aliases blow up (each alias counts as a copy of what it names)."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node | None) -> int:
        if node is None:
            return 0
        known = sizes.get(id(node))
        if known is not None:
            return known
        sizes[id(node)] = MAX_NODES  # a node that contains itself is infinitely large
        total = 1
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    if key.value in seen:
                        raise ConfigError(
                            f"the key `{key.value}` stands twice in one mapping",
                            where=f"{path}:{key.start_mark.line + 1}",
                            remedy="Remove one of them",
                        )
                    seen.add(key.value)
                total += size(key) + size(value)
        elif isinstance(node, yaml.SequenceNode):
            total += sum(size(item) for item in node.value)
        sizes[id(node)] = total
        return total

    if size(root) > MAX_NODES:
        raise ConfigError(
            f"the file expands to more than {MAX_NODES} values", where=str(path), remedy="Remove the YAML aliases"
        )


def _child(node: yaml.Node | None, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == str(step):
                return value  # type: ignore[no-any-return]
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]  # type: ignore[no-any-return]
    return None
