"""`streetproof report`: the papers of a case, with what the data folder knows of it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from cryptography import x509
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader

from evidence_export.bag.code import code_of
from evidence_export.dossier import open_dossier
from evidence_export.keys import load_or_create_key
from evidence_export.ledger.entry import Happening, Kind
from evidence_export.ledger.log import Ledger
from evidence_export.sealer import seal
from evidence_export.timestamp import rfc3161
from streetproof.batch.register import case_row
from streetproof.bundles import data_of
from streetproof.ledgers.bookkeeping import Bookkeeper, ledger_of
from streetproof.papers import PapersError, told
from streetproof.releases import exhibits
from streetproof.store.database import Store
from tests.evidence_export.conftest import SEALED_AT, make_request, write_recording
from tests.evidence_export.papers.conftest import needs_poppler, text_of
from tests.streetproof.commands import Ran, inside
from tests.tsa import Tsa

LI = ("--officer", "李明", "--licence", "33010001")
WHY = ("--purpose", "complaint: 复议 17", *LI)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder with one case, its seal in the ledger under a checkpoint, and where the bundle lies in it."""
    data = tmp_path_factory.mktemp("数据 二")
    recording = data / "东门 20260302_080000.mp4"
    write_recording(recording, 30)
    request = make_request(recording)
    key = load_or_create_key(data / "key.pem")
    case = seal(request, data / "cases", key, SEALED_AT)
    path = str(case.path.relative_to(data))
    with Store.open_file(data / "state.db") as store, ledger_of(data, "demo") as ledger:
        store.remember_case(case_row(case.case_id, path, request, run=None), case.manifest_sha256)
        sealed = {"manifest_sha256": case.manifest_sha256}
        Ledger(ledger).add(
            [Happening(Kind.CASE_SEALED, "2026-03-03T01:06:40.123456789Z", "batch", case.case_id, sealed)]
        )
        Bookkeeper(store, ledger).checkpoint(data, key)
    return data, path


@pytest.fixture
def data(made: tuple[Path, str], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[0], tmp_path / "库 二"))


@pytest.fixture
def bundle(made: tuple[Path, str], data: Path) -> Path:
    return data / made[1]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    return lambda *args: inside(capsys, monkeypatch, *args, width=200)


@needs_poppler
def test_it_writes_report_and_sheet_with_what_the_data_folder_knows(
    bundle: Path, data: Path, run: Callable[..., Ran], tmp_path: Path
) -> None:
    photo = tmp_path / "现场.jpg"
    Image.new("RGB", (20, 10)).save(photo)
    exhibit = ("--file", photo, "--set", "origin=执法记录仪", "--set", "relation=相互印证")
    took = run("procedure", "take", bundle.name, "exhibit", *LI, *exhibit, "--data", data)
    assert took.code == 0, took.err + took.out
    out, sheet = tmp_path / "报告.pdf", tmp_path / "合成图.png"
    ran = run("report", bundle, "--out", out, "--sheet", sheet, "--lang", "zh", *WHY)
    assert ran.code == 0, ran.err
    own = code_of(hashlib.sha256((bundle / "case.json").read_bytes()).hexdigest())
    assert own in ran.out and "未签名" in ran.out and str(sheet) in ran.out
    text = text_of(out.read_bytes(), tmp_path)
    for words in (
        "现场.jpg",
        "相互印证",
        "批处理程序",
        "用途",
        "李明 33010001",
        "补充材料",
        "streetproof/demo/",
        "查阅",
    ):
        assert words in text, words
    assert "未知：制作本报告时未提供" not in text and "尚无时间戳机构签章" in text
    with Image.open(sheet) as opened:
        assert opened.width == 2400
    assert run("verify", bundle, "--code", own).code == 0
    assert not list(tmp_path.glob("*.partial"))


def test_json_and_a_certified_key(bundle: Path, run: Callable[..., Ran], tmp_path: Path) -> None:
    keys = tmp_path / "ring"
    assert run("keys", "init", "--site", "demo", "--folder", keys, "--algorithm", "p256").code == 0
    out = tmp_path / "r.pdf"
    ran = run("report", bundle, "-o", out, "--key", keys, "--json", *WHY)
    assert ran.code == 0 and ran.json["signed"] is True and ran.json["sheet"] is None and ran.json["report"] == str(out)
    assert len(PdfFileReader(BytesIO(out.read_bytes())).embedded_signatures) == 1
    ran = run("report", bundle, "-o", out, "--key", keys, "--unsigned", "--json", *WHY)
    assert ran.json["signed"] is False and PdfFileReader(BytesIO(out.read_bytes())).embedded_signatures == []


def test_keys_of_another_site_or_none_are_refused(bundle: Path, run: Callable[..., Ran], tmp_path: Path) -> None:
    keys = tmp_path / "ring"
    run("keys", "init", "--site", "other", "--folder", keys)
    ran = run("report", bundle, "-o", tmp_path / "r.pdf", "--key", keys, *WHY)
    assert ran.code == 4 and "other" in ran.err and not (tmp_path / "r.pdf").exists()
    ran = run("report", bundle, "-o", tmp_path / "r.pdf", "--key", tmp_path / "absent.pem", *WHY)
    assert ran.code == 4 and "no such key" in ran.err and not (tmp_path / "absent.pem").exists()


def test_a_bundle_that_does_not_verify_gets_no_report(bundle: Path, run: Callable[..., Ran], tmp_path: Path) -> None:
    (bundle / "README.txt").write_bytes(b"another")
    ran = run("report", bundle, "-o", tmp_path / "r.pdf", *WHY)
    assert ran.code == 4 and "does not verify" in ran.err and "README.txt" in ran.err
    assert run("report", tmp_path / "nothing", "-o", tmp_path / "r.pdf", *WHY).code == 4


def test_where_nothing_can_be_written(bundle: Path, run: Callable[..., Ran], tmp_path: Path) -> None:
    ran = run("report", bundle, "-o", tmp_path / "absent" / "r.pdf", *WHY)
    assert ran.code == 4 and "cannot be written" in ran.err


def test_a_bundle_outside_any_data_folder_has_what_it_holds_alone(
    bundle: Path, data: Path, run: Callable[..., Ran], tmp_path: Path
) -> None:
    alone = Path(shutil.copytree(bundle, tmp_path / "alone" / bundle.name))
    assert data_of(alone) is None and data_of(bundle) == data
    ran = run("report", alone, "-o", tmp_path / "r.pdf", *WHY)
    assert ran.code == 0 and "未记入存证日志" in ran.out
    assert run("report", alone, "-o", tmp_path / "r.pdf", *WHY, "--json").json["entry"] is None
    assert run("report", alone, "-o", tmp_path / "r.pdf", *WHY, "--data", data, "--json").json["entry"] is not None


def test_a_data_folder_whose_ledger_is_gone_is_no_bundle_without_one(
    bundle: Path, data: Path, run: Callable[..., Ran], tmp_path: Path
) -> None:
    """Else whoever moves the ledger away could look unseen; nor does a link from elsewhere lead around it."""
    link = tmp_path / "elsewhere" / bundle.name
    link.parent.mkdir()
    link.symlink_to(bundle)
    assert run("report", link, "-o", tmp_path / "r.pdf", *WHY, "--json").json["entry"] is not None
    (tmp_path / "r.pdf").unlink()
    for path in data.glob("ledger.db*"):
        path.unlink()
    for asked in (bundle, link):
        ran = run("report", asked, "-o", tmp_path / "r.pdf", *WHY)
        assert ran.code == 4 and "此处没有存证日志" in ran.err and not (tmp_path / "r.pdf").exists()


def test_another_bundle_of_the_same_case_is_not_mixed_up(
    bundle: Path, data: Path, run: Callable[..., Ran], tmp_path: Path
) -> None:
    key = load_or_create_key(tmp_path / "other.pem")
    again = seal(make_request(next(data.glob("*.mp4"))), tmp_path / "again", key, SEALED_AT)
    assert again.case_id == bundle.name
    with (
        Store.open_file(data / "state.db") as store,
        ledger_of(data, "demo") as ledger,
        pytest.raises(PapersError, match="another bundle"),
    ):
        told(open_dossier(again.path), data, store, ledger)
    ran = run("report", again.path, "-o", tmp_path / "r.pdf", "--data", data, *WHY)
    assert ran.code == 4 and "本案的另一证据包" in ran.err and not (tmp_path / "r.pdf").exists()
    assert run("access", "list", "--data", data, "--json").json == [], "that case was not looked at"


def test_a_time_stamp_is_told_where_its_authority_is_known(bundle: Path, data: Path, tmp_path: Path) -> None:
    tsa = Tsa(tmp_path / "tsa")
    with Store.open_file(data / "state.db") as store, ledger_of(data, "demo") as ledger:
        note = ledger.last_checkpoint()
        assert note is not None
        ledger.add_stamp(note, tsa.stamp(rfc3161.question(note).der))
        dossier = open_dossier(bundle)
        unchecked = told(dossier, data, store, ledger).ledger
        checked = told(dossier, data, store, ledger, x509.load_pem_x509_certificates(tsa.ca.read_bytes())).ledger
        other = Tsa(tmp_path / "other")
        wrong = told(dossier, data, store, ledger, x509.load_pem_x509_certificates(other.ca.read_bytes())).ledger
    assert unchecked is not None and unchecked.stamped_at is None and unchecked.stamp_unchecked
    assert checked is not None and checked.stamped_at is not None and not checked.stamp_unchecked
    assert wrong is not None and wrong.stamped_at is None and not wrong.stamp_unchecked
    assert checked.root == unchecked.root and checked.entry == unchecked.entry


def test_the_photograph_of_the_sign_is_shown_where_it_is_kept(bundle: Path, data: Path, tmp_path: Path) -> None:
    photo = tmp_path / "sign.png"
    Image.new("RGB", (64, 64), "white").save(photo)
    sha256 = exhibits.keep(data, photo)
    dossier = open_dossier(bundle)
    case = json.loads(json.dumps(dossier.case))
    case["camera"]["register"]["sign_photo_sha256"] = sha256
    with Store.open_file(data / "state.db") as store, ledger_of(data, "demo") as ledger:
        assert told(replace(dossier, case=case), data, store, ledger).sign_photo == photo.read_bytes()
        assert told(dossier, data, store, ledger).sign_photo is None
