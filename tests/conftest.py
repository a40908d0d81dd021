"""What all tests share: the demo clip, a real model, and keys that never touch the home folder."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from models.catalog import load_catalog
from models.pull import pull
from models.store import ModelStore

# In CI a skipped test is a failure, unless its reason begins with one of these and something else covers it.
ALLOWED_SKIPS = (
    "Install it with: pip install 'streetproof[openvino]'",  # run by .ci/run in an environment with the extras
    "Install it with: pip install 'streetproof[int8]'",  # likewise
    "Install a CPU build of torch first, then: pip install 'streetproof[ultralytics]'",  # likewise
    "nginx is not installed",  # the set-up starts no web server on the machine; another one is tried as well
)

# Machines are shared and slow at times: how long an example takes says nothing. CI draws the same examples each time,
# so that a change is not stopped by what it did not touch; developers draw new ones.
# Nor does how long it takes to draw them.
settings.register_profile("developer", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("developer"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")

# Shells start what runs in the background with SIGINT ignored, and processes that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


_skipped: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and isinstance(report.longrepr, tuple):
        _skipped[report.nodeid] = report.longrepr[2].removeprefix("Skipped: ")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    allowed = () if os.environ.get("STREETPROOF_EXTRAS") else ALLOWED_SKIPS
    unexpected = {test: reason for test, reason in _skipped.items() if not reason.startswith(allowed)}
    if os.environ.get("CI") and unexpected and not hasattr(session.config, "workerinput"):
        for test, reason in unexpected.items():
            print(f"\nskipped in CI, and not on the list of allowed skips: {test}: {reason}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _keys_of_the_test(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETPROOF_KEYS", str(tmp_path_factory.getbasetemp() / "keys"))


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The label of a SoftHSM2 token with a key pair of each kind."""
    from tests.evidence_export.softhsm import make_token

    return make_token(tmp_path_factory.mktemp("softhsm"))


@pytest.fixture(scope="session")
def demo_clip() -> Path:
    """79.5 s of real CCTV, H.264, a keyframe every 2 s; a white van stands there throughout."""
    return ROOT / "configs" / "demo" / "footage" / "vtest-h264.mp4"


@pytest.fixture(scope="session")
def bootstrap_model() -> str:
    """The model that every machine can get; pulled once into the usual store."""
    pull("yolov3-tiny", store=ModelStore.default())
    return "yolov3-tiny"


@pytest.fixture(scope="session")
def plate_store() -> ModelStore:
    """The usual store, with the two models that read plates."""
    store = ModelStore.default()
    for name in load_catalog().expand("plates"):
        pull(name, store=store)
    return store


@pytest.fixture(scope="session")
def real_model(request: pytest.FixtureRequest) -> str:
    """A better model where one lies beside the repository, else the bootstrap model."""
    better = SHARED / "models" / "yolox_nano.onnx"
    return str(better) if better.is_file() else str(request.getfixturevalue("bootstrap_model"))
