"""What a view remembers of its ground, as bytes: so that one recording goes on where the one before it ended.

The bytes are Python's own form of objects, read back with nothing allowed in them but arrays and the values of this
package: what was tampered with gives an error or a wrong memory, and runs no code.
"""

from __future__ import annotations

import io
import pickle
import zlib
from typing import Any

from streams.instant import NS_PER_S
from vision.backdrop import REVISION, Backdrop
from vision.errors import StateError

CARRY_NS = 600 * NS_PER_S
"""After a longer pause the street is learned anew: too much may have come to stand there that belongs to it."""
_MAX_BYTES = 1 << 28
_PLAIN = {("builtins", "slice"), ("collections", "deque"), ("numpy", "dtype"), ("numpy", "ndarray")}
_ARRAYS = {"_reconstruct", "scalar", "_frombuffer"}
"""Of numpy's core: what arrays and their single values are made with."""
_CORES = ("numpy.core.", "numpy._core.")


def frozen(backdrop: Backdrop) -> bytes:
    """All that later looks depend on."""
    # Level 1: most of it are pictures, and this is done once for each recording.
    return zlib.compress(pickle.dumps((REVISION, backdrop), protocol=5), 1)


def thawed(data: bytes, where: str = "") -> Backdrop:
    """The memory that `frozen` wrote. Hostile input: raises StateError for anything else, of another revision too."""
    try:
        unpacked = zlib.decompressobj()
        raw = unpacked.decompress(data, _MAX_BYTES)
        if unpacked.unconsumed_tail or not unpacked.eof:
            raise StateError("it is cut off, or larger than any view", where=where)
        revision, backdrop = _Reader(io.BytesIO(raw)).load()
    except StateError:
        raise
    except Exception as error:  # whatever bytes from elsewhere do to the reader
        raise StateError(f"no memory of a view ({type(error).__name__})", where=where) from error
    if revision != REVISION or not isinstance(backdrop, Backdrop):
        raise StateError("it is of another version", where=where)
    return backdrop


class _Reader(pickle.Unpickler):
    """Knows the classes of this package, and arrays."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        inner = module_name.startswith(_CORES) and global_name in _ARRAYS
        if inner or (module_name, global_name) in _PLAIN:
            return super().find_class(module_name, global_name)
        if module_name.startswith("vision.") and "." not in global_name:
            found = super().find_class(module_name, global_name)
            if isinstance(found, type) and found.__module__ == module_name:
                return found
        raise StateError(f"{module_name}.{global_name} has no place in the memory of a view")
