"""Checkpoints handed over to a bucket of somebody else's: what is there proves later whether history was rewritten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_export.bag.pubkey import from_pem
from evidence_export.keys import load_or_create_key
from evidence_export.ledger import check
from evidence_export.ledger.check import Fault
from evidence_export.ledger.entry import Happening, Kind
from evidence_export.ledger.log import Ledger
from streetproof.ledgers.reading import LedgerError
from streetproof.ledgers.witness import hand_over_to, witnessed_at
from streetproof.store.ledger.database import SqlLedger
from tests.streetproof.objects.conftest import S3
from tests.streetproof.objects.witnesses import NGINX, nginx, receiver

needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


@pytest.fixture(params=["folder", "s3", "receiver", pytest.param("nginx", marks=needs_nginx)])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "folder":
        yield f"file://{tmp_path}/检察院 一"
        return
    if request.param in ("receiver", "nginx"):
        kept = tmp_path / "kept"
        kept.mkdir()
        monkeypatch.setenv("STREETPROOF_WITNESS_USER", "office")
        monkeypatch.setenv("STREETPROOF_WITNESS_PASSWORD", "口令 one")
        with receiver(kept) if request.param == "receiver" else nginx(kept, "office", "{PLAIN}口令 one") as url:
            yield url
        return
    server: S3 = request.getfixturevalue("s3")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    yield f"s3://{server.bucket()}/检察院"


def enter(ledger: Ledger, count: int) -> None:
    ledger.add([Happening(Kind.TIME_CHECKED, "2026-03-03T00:00:00Z", "daemon", f"{n}") for n in range(count)])


def test_a_ledger_that_was_set_back_is_found(elsewhere: str, tmp_path: Path) -> None:
    key = load_or_create_key(tmp_path / "key.pem")
    with SqlLedger.open_file(tmp_path / "ledger.db", "west") as store:
        ledger = Ledger(store)
        enter(ledger, 5)
        ledger.checkpoint(key, "2026-03-03T00:05:00Z")
        first = hand_over_to(store, elsewhere)
        assert first.startswith(elsewhere) and hand_over_to(store, elsewhere) == first
        enter(ledger, 3)
        ledger.checkpoint(key, "2026-03-03T00:10:00Z")
        hand_over_to(store, elsewhere)
        kept = witnessed_at(store, elsewhere)
        assert len(kept) == 2
        assert list(check.check(store, [from_pem(key.public_key_pem)], kept, [])) == []
    with SqlLedger.open_file(tmp_path / "short.db", "west") as other:
        short = Ledger(other)
        enter(short, 2)
        faults = [one.fault for one in check.check(other, [from_pem(key.public_key_pem)], kept, [])]
        assert Fault.OTHER_LEDGER in faults or Fault.SHORTER in faults


def test_nothing_there_is_no_witness(elsewhere: str, tmp_path: Path) -> None:
    with (
        SqlLedger.open_file(tmp_path / "ledger.db", "west") as store,
        pytest.raises(LedgerError, match="no checkpoint"),
    ):
        witnessed_at(store, elsewhere)
