from __future__ import annotations

import pytest

from tests.vision.byhand import SHANGHAI, rules
from vision.engine import Engine


@pytest.fixture
def engine() -> Engine:
    """One camera, one zone at the kerb, 60 s allowed."""
    return Engine([rules()], SHANGHAI)
