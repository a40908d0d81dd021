"""The stores that a site file names."""

from __future__ import annotations

import os

from streetproof.objects.interface import ObjectStore
from streetproof.objects.stores import store_at
from streetproof.settings.load import LoadedSite


def stores_of(loaded: LoadedSite) -> tuple[ObjectStore, ...]:
    """Raises ObjectError, see `store_at`."""
    return tuple(store_at(one.url, os.environ, one.model_dump(exclude={"url"})) for one in loaded.site.evidence.copies)
