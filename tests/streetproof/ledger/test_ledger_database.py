"""The ledger in a database: whoever changes it behind the program's back is found out."""

from __future__ import annotations

import base64
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence_export.bag import pubkey
from evidence_export.keys import Ed25519Signer
from evidence_export.ledger import tree
from evidence_export.ledger.check import Fault, Finding, check
from evidence_export.ledger.checkpoint import Checkpoint, read_note, signed
from evidence_export.ledger.entry import Entry, Happening, Kind, read_entry
from evidence_export.ledger.log import Ledger
from streetproof.store.connection import StoreError
from streetproof.store.ledger.database import SqlLedger

NOON = "2026-11-29T04:00:00Z"


def site(seed: int = 1) -> Ed25519Signer:
    return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32)))


SITE = site()
KEYS = [pubkey.from_pem(SITE.public_key_pem)]


def sealed(number: int) -> Happening:
    return Happening(Kind.CASE_SEALED, NOON, "batch", f"余杭-{number:04d}", {"sha256": f"{number:064x}"})


@pytest.fixture
def store(url: str) -> Iterator[SqlLedger]:
    with SqlLedger(url, "yuhang") as opened:
        yield opened


def filled(store: SqlLedger, count: int = 21, every: int = 7) -> Ledger:
    """A ledger with a checkpoint after every so many entries."""
    ledger = Ledger(store)
    for number in range(count):
        ledger.add([sealed(number)])
        if number % every == every - 1:
            ledger.checkpoint(SITE, NOON)
    return ledger


def findings(store: SqlLedger, *witnessed: bytes) -> list[Finding]:
    """Of what is entered; that it was signed is another matter."""
    return [one for one in check(store, KEYS, witnessed) if one.fault is not Fault.NO_CHECKPOINT]


@contextmanager
def behind_its_back(url: str) -> Iterator[sa.Connection]:
    """What somebody has who has the database and a shell."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def change(url: str, *statements: str, **values: object) -> None:
    """Change rows."""
    with behind_its_back(url) as connection:
        for statement in statements:
            given = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(sa.text(statement), given)


def test_what_was_entered_is_there_in_order_and_nothing_is_wrong(store: SqlLedger) -> None:
    ledger = Ledger(store)
    assert findings(store) == [], "an empty ledger is in order"
    assert ledger.add([sealed(0), sealed(1)]) == range(2)
    assert ledger.add([]) == range(0)
    assert ledger.add([sealed(2)]) == range(2, 3)
    ledger.checkpoint(SITE, NOON)
    assert [read_entry(row.entry) for row in store.rows()] == [Entry(n, sealed(n)) for n in range(3)]
    assert findings(store) == [] and ledger.size() == 3


def test_another_run_goes_on_with_the_same_ledger(url: str) -> None:
    with SqlLedger(url, "yuhang") as first:
        filled(first, 5)
        name = first.origin
    with SqlLedger(url, "yuhang") as again:
        assert again.origin == name and name.startswith("streetproof/yuhang/")
        assert Ledger(again).add([sealed(5)]) == range(5, 6)
        assert findings(again) == []
    with pytest.raises(StoreError, match="that of the site yuhang, not of xihu"):
        SqlLedger(url, "xihu")


def test_proofs_hold_for_every_entry_and_every_earlier_size(store: SqlLedger) -> None:
    ledger = filled(store, 21)
    roots = {size: ledger.root(size) for size in range(1, 22)}
    for size in (1, 2, 7, 8, 20, 21):
        for seq in range(size):
            assert ledger.inclusion(seq, size).leads_to(roots[size])
            assert not ledger.inclusion(seq, size).leads_to(roots[size % 21 + 1])
        for old in range(1, size + 1):
            assert tree.is_consistent(old, roots[old], size, roots[size], ledger.consistency(old, size))
    for wrong in (lambda: ledger.inclusion(21, 21), lambda: ledger.inclusion(0, 22), lambda: ledger.consistency(3, 22)):
        with pytest.raises(ValueError):
            wrong()


TAMPERINGS: dict[str, tuple[Callable[[str], None], set[Fault]]] = {}


def tampering(*faults: Fault) -> Callable[[Callable[[str], None]], Callable[[str], None]]:
    def keep(what: Callable[[str], None]) -> Callable[[str], None]:
        TAMPERINGS[what.__name__] = (what, set(faults))
        return what

    return keep


@tampering(Fault.EDITED, Fault.HASHES, Fault.ROOT)
def edited(url: str) -> None:
    change(url, "UPDATE ledger_entry SET entry = :entry WHERE seq = 3", entry=Entry(3, sealed(99)).to_bytes())


@tampering(Fault.HASHES, Fault.ROOT)
def edited_with_its_hash(url: str) -> None:
    entry = Entry(3, sealed(99)).to_bytes()
    change(
        url,
        "UPDATE ledger_entry SET entry = :entry, leaf = :leaf WHERE seq = 3",
        entry=entry,
        leaf=tree.leaf_hash(entry),
    )


@tampering(Fault.ROOT)
def edited_with_all_hashes(url: str) -> None:
    """All that can be recalculated is."""
    with behind_its_back(url) as connection:
        found = connection.execute(sa.text("SELECT entry FROM ledger_entry ORDER BY seq"))
        entries = [bytes(entry) for (entry,) in found]
    entries[3] = Entry(3, sealed(99)).to_bytes()
    change(url, "DELETE FROM ledger_node")
    nodes: dict[tuple[int, int], bytes] = {}
    for level, number, value in tree.grown(0, [tree.leaf_hash(one) for one in entries], lambda *at: nodes[at]):
        nodes[level, number] = value
        if level:
            change(
                url, "INSERT INTO ledger_node VALUES (:level, :number, :hash)", level=level, number=number, hash=value
            )
    change(
        url,
        "UPDATE ledger_entry SET entry = :entry, leaf = :leaf WHERE seq = 3",
        entry=entries[3],
        leaf=tree.leaf_hash(entries[3]),
    )


@tampering(Fault.MISSING, Fault.HASHES, Fault.ROOT)
def deleted(url: str) -> None:
    change(url, "DELETE FROM ledger_entry WHERE seq = 3")


@tampering(Fault.WRONG_NUMBER, Fault.HASHES, Fault.ROOT, Fault.SHORTER, Fault.SIZE)
def deleted_and_renumbered(url: str) -> None:
    change(
        url,
        "DELETE FROM ledger_entry WHERE seq = 3",
        "UPDATE ledger_entry SET seq = -seq WHERE seq > 3",
        "UPDATE ledger_entry SET seq = -seq - 1 WHERE seq < 0",
    )


@tampering(Fault.WRONG_NUMBER, Fault.HASHES, Fault.ROOT, Fault.SIZE)
def inserted(url: str) -> None:
    entry = Entry(4, sealed(77)).to_bytes()
    change(
        url,
        "UPDATE ledger_entry SET seq = -seq WHERE seq > 3",
        "UPDATE ledger_entry SET seq = -seq + 1 WHERE seq < 0",
        "INSERT INTO ledger_entry VALUES (4, :entry, :leaf)",
        entry=entry,
        leaf=tree.leaf_hash(entry),
    )


@tampering(Fault.WRONG_NUMBER, Fault.HASHES, Fault.ROOT)
def reordered(url: str) -> None:
    change(
        url,
        "UPDATE ledger_entry SET seq = -1 WHERE seq = 3",
        "UPDATE ledger_entry SET seq = 3 WHERE seq = 4",
        "UPDATE ledger_entry SET seq = 4 WHERE seq = -1",
    )


@tampering(Fault.SHORTER, Fault.HASHES)
def truncated(url: str) -> None:
    change(url, "DELETE FROM ledger_entry WHERE seq >= 17", "UPDATE ledger_head SET size = 17")


@tampering(Fault.HASHES)
def one_hash_changed(url: str) -> None:
    change(url, "UPDATE ledger_node SET hash = :hash WHERE level = 2 AND number = 1", hash=bytes(32))


@tampering(Fault.HASHES)
def one_hash_deleted(url: str) -> None:
    change(url, "DELETE FROM ledger_node WHERE level = 1 AND number = 0")


@tampering(Fault.HASHES)
def hashes_above_nothing(url: str) -> None:
    change(
        url,
        "INSERT INTO ledger_node VALUES (1, 10, :hash)",
        "INSERT INTO ledger_node VALUES (9, 0, :hash)",
        hash=bytes(32),
    )


@tampering(Fault.UNSIGNED)
def checkpoint_of_another_key(url: str) -> None:
    with behind_its_back(url) as connection:
        note = bytes(connection.execute(sa.text("SELECT note FROM ledger_checkpoint WHERE id = 2")).scalar_one())
    forged = signed(read_note(note).checkpoint, site(9))
    change(url, "UPDATE ledger_checkpoint SET note = :note WHERE id = 2", note=forged)


@tampering(Fault.NOT_A_CHECKPOINT)
def checkpoint_that_is_none(url: str) -> None:
    change(url, "UPDATE ledger_checkpoint SET note = :note WHERE id = 2", note=b"nothing")


@tampering(Fault.OTHER_LEDGER)
def checkpoint_of_another_ledger(url: str) -> None:
    note = signed(Checkpoint("streetproof/yuhang/00000000", 7, bytes(32), NOON), SITE)
    change(url, "UPDATE ledger_checkpoint SET note = :note WHERE id = 1", note=note)


@tampering(Fault.NOT_AN_ENTRY, Fault.EDITED, Fault.ROOT)
def entry_that_is_none(url: str) -> None:
    change(url, "UPDATE ledger_entry SET entry = :entry WHERE seq = 20", entry=b'{"v":1}')


@tampering(Fault.SIZE)
def head_that_says_more(url: str) -> None:
    change(url, "UPDATE ledger_head SET size = 22")


@pytest.mark.parametrize("name", sorted(TAMPERINGS))
def test_every_tampering_is_found(url: str, name: str) -> None:
    what, faults = TAMPERINGS[name]
    with SqlLedger(url, "yuhang") as store:
        filled(store, 21)
        assert findings(store) == []
    what(url)
    with SqlLedger(url, "yuhang") as store:
        found = findings(store)
        assert {finding.fault for finding in found} == faults
        assert all(finding.where and "\n" not in finding.what for finding in found)


def test_a_roll_back_of_everything_is_found_by_whoever_kept_a_checkpoint(tmp_path: Path) -> None:
    """An old copy of the whole file is at one with itself; only a witness knows that there was more."""
    path = tmp_path / "存证 日志.db"
    url = str(sa.URL.create("sqlite", database=str(path)))
    with SqlLedger(url, "yuhang") as store:
        filled(store, 14)
    old = path.read_bytes()
    with SqlLedger(url, "yuhang") as store:
        ledger = Ledger(store)
        ledger.add([sealed(14), sealed(15)])
        kept = ledger.checkpoint(SITE, NOON)
    for leftover in path.parent.glob(f"{path.name}-*"):
        leftover.unlink()
    path.write_bytes(old)
    with SqlLedger(url, "yuhang") as store:
        assert findings(store) == [], "nothing in it tells"
        (finding,) = findings(store, kept)
        assert finding.fault is Fault.SHORTER and "16 entries" in finding.what and "14 now" in finding.what
        Ledger(store).add([sealed(n) for n in range(90, 95)])
        assert {one.fault for one in findings(store, kept)} == {Fault.ROOT}, "nor does writing on help"


def test_an_addition_is_whole_or_was_never_there(store: SqlLedger) -> None:
    ledger = filled(store, 5)
    with pytest.raises(ValueError, match="one line"):
        ledger.add([sealed(5), Happening(Kind.CASE_VIEWED, NOON, "two\nlines", "x")])
    with pytest.raises(ValueError, match="in UTC"):
        ledger.add([Happening(Kind.CASE_VIEWED, "yesterday", "li", "x")])
    assert ledger.size() == 5 and findings(store) == []
    assert ledger.add([sealed(5)]) == range(5, 6)


def _adds(url: str, count: int) -> None:
    with SqlLedger(url, "yuhang", busy_s=60) as store:
        ledger = Ledger(store)
        for number in range(count):
            ledger.add([sealed(number), sealed(number)])


def test_processes_that_add_at_once_make_one_ledger(url: str) -> None:
    with SqlLedger(url, "yuhang") as store:
        context = multiprocessing.get_context("spawn")
        both = [context.Process(target=_adds, args=(url, 40)) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join(120)
            assert one.exitcode == 0
        assert store.size() == 160 and findings(store) == []


def test_killed_while_adding_leaves_whole_additions(url: str) -> None:
    with SqlLedger(url, "yuhang") as store:
        one = multiprocessing.get_context("spawn").Process(target=_adds, args=(url, 100_000))
        one.start()
        until = time.monotonic() + 60
        while store.size() < 20 and time.monotonic() < until:
            time.sleep(0.01)
        assert one.pid is not None
        os.kill(one.pid, signal.SIGKILL)
        one.join(30)
        assert store.size() >= 20 and store.size() % 2 == 0
        assert findings(store) == []
        Ledger(store).add([sealed(1)])
        assert findings(store) == []


def test_no_more_is_told_than_asked_for(url: str) -> None:
    with SqlLedger(url, "yuhang") as store:
        filled(store, 21)
    change(url, "UPDATE ledger_entry SET entry = :entry", entry=b"\0")
    with SqlLedger(url, "yuhang") as store:
        assert len(list(check(store, KEYS, most=10))) == 10


def test_a_checkpoint_in_the_database_is_readable_text(url: str) -> None:
    with SqlLedger(url, "yuhang") as store:
        note = filled(store, 7).checkpoint(SITE, NOON).decode()
        origin = store.origin
    lines = note.split("\n")
    assert lines[0] == origin and lines[1] == "7" and len(base64.b64decode(lines[2])) == 32
