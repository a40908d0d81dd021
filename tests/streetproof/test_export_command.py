"""`streetproof export` and `import`: a case leaves one department whole and proven, and is a case in the next one."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rfc8785
import yaml
from PIL import Image

from evidence_export.bag import layout, releases
from evidence_export.bag.code import code_of
from evidence_export.case import CaseRequest
from evidence_export.dossier import Dossier
from evidence_export.keys import load_or_create_key
from evidence_export.keys.management import NewKey, Secrets, init
from evidence_export.keys.ring import Role
from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.ledger.log import Ledger
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from streetproof.bundles import case_row
from streetproof.ledgers.bookkeeping import ledger_of
from streetproof.releases import exhibits
from streetproof.releases.papers import outgoing
from streetproof.store.database import Store
from tests.conftest import ROOT
from tests.evidence_export.conftest import POLICY, SEALED_AT, make_request, write_recording
from tests.evidence_export.helpers import flip, resign
from tests.streetproof.commands import Ran, inside
from tests.tsa import Tsa, serving

LI = ("--officer", "李明", "--licence", "33010001")
WANG = ("--officer", "王芳", "--licence", "33010002")
RED, BLUE = (200, 40, 40), (40, 60, 200)
"""The car that the recording shows, and the photograph of the sign."""
TO_COURT = ("--recipient", "西湖区人民法院", "--purpose", "行政诉讼举证")
Command = Callable[..., Ran]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder with one case, whose recording lies where it was read, and whose sign somebody photographed."""
    data = tmp_path_factory.mktemp("数据 一")
    recording = data / "东门 20260302_080000.mp4"
    write_recording(recording, 30)
    request = with_photo(make_request(recording), data / "标志 照片.jpg")
    key = load_or_create_key(data / "key.pem")
    case = seal(request, data / "cases", key, SEALED_AT)
    with Store.open_file(data / "state.db") as store:
        status = recording.stat()
        sha256 = request.recordings[0].sha256
        store.remember_recording(recording, status.st_size, status.st_mtime_ns, sha256)
        row = case_row(case.case_id, str(case.path.relative_to(data)), request, run=None)
        store.remember_case(row, case.manifest_sha256)
    ledger_of(data, "demo").close()
    return data, case.case_id


def with_photo(request: CaseRequest, file: Path) -> CaseRequest:
    Image.new("RGB", (300, 200), BLUE).save(file)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    photo = {"file": file.name, "sha256": sha256, "taken_by": "张三", "taken_on": "2026-02-01"}
    zone = {**POLICY["zone"], "signs": [{"kind": "sign", "name": "禁止停车标志", "photo": photo}]}
    policy = {**POLICY, "zone": zone}
    violation = replace(request.violation, policy_hash=hashlib.sha256(rfc8785.dumps(policy)).hexdigest())
    return replace(request, policy=policy, violation=violation, sign_photos={sha256: file})


@pytest.fixture
def data(made: tuple[Path, str], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[0], tmp_path / "库 一"))


@pytest.fixture
def case(made: tuple[Path, str]) -> str:
    return made[1]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The demo's site file, elsewhere."""
    shutil.copytree(ROOT / "configs/demo", tmp_path / "site")
    return tmp_path / "site/site.yaml"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return lambda *args: inside(capsys, monkeypatch, *args, width=200)


@pytest.fixture
def export(run: Command, data: Path, case: str, site: Path, tmp_path: Path) -> Command:
    """Export the case of `data`, to `out`."""
    fixed = ("--data", data, "--key", data / "key.pem", "--out", tmp_path / "out")
    return lambda *args: run("export", case, site, *TO_COURT, *LI, *fixed, *args)


def entries_of(data: Path) -> list[Happening]:
    with ledger_of(data, "demo") as ledger:
        return [read_entry(row.entry).happening for row in ledger.rows()]


def opened_image(path: Path) -> Image.Image:
    """Read whole, so that no file stays open."""
    with Image.open(path) as image:
        return image.convert("RGB")


def pixels_of(path: Path, colour: tuple[int, int, int]) -> int:
    """How many pixels have that colour, or nearly."""
    pixels = np.asarray(opened_image(path)).astype(int)
    return int((np.abs(pixels - colour).max(axis=2) < 20).sum())


def masked_by_hand(data: Path, case: str, to: Path) -> Path:
    """What `streetproof mask` makes, made of grey pictures."""
    bundle = data / "cases" / case
    to.mkdir()
    files = []
    for listed in json.loads((bundle / layout.CASE).read_bytes())["files"]:
        if listed["role"] not in ("panorama", "overlay", "before", "sign_photo", "clip"):
            continue
        name = f"{len(files)}{'.mp4' if listed['role'] == 'clip' else '.png'}"
        if listed["role"] == "clip":
            (to / name).write_bytes(b"a masked clip")
        else:
            Image.new("RGB", opened_image(bundle / listed["path"]).size, (90, 90, 90)).save(to / name)
        files.append(
            {
                "path": name,
                "role": listed["role"],
                "sha256": hashlib.sha256((to / name).read_bytes()).hexdigest(),
                "derived_from": {
                    "parent": listed["path"],
                    "parent_sha256": listed["sha256"],
                    "transform": "painted grey",
                },
            }
        )
    (to / "masked.json").write_text(json.dumps({"scope": "all", "models": [], "weak": False, "files": files}))
    return to


# -- export ----------------------------------------------------------------------------------------------------------


def test_a_full_release_holds_everything_and_the_ledger_tells_of_it(
    export: Command, run: Command, data: Path, case: str, tmp_path: Path
) -> None:
    photo = tmp_path / "现场 照片.jpg"
    photo.write_bytes(b"a photograph")
    shown = ("--set", "origin=执法记录仪", "--set", "relation=现场照片", "--set", "taken_by=王芳", "--data", data)
    assert run("procedure", "take", case, "exhibit", *LI, "--file", photo, *shown).code == 0
    ran = export("--profile", "full", "--json")
    assert ran.code == 0, ran.err
    path = Path(ran.json["path"])
    key = json.loads((path / layout.RELEASE).read_bytes())["seal"]["key_fingerprint"]
    report = verify(path, trusted_key=key)
    assert report.ok, report.culprits
    root = json.loads((path / layout.RELEASE).read_bytes())
    assert (root["release"]["recipient"], root["release"]["by"]["licence"]) == ("西湖区人民法院", "33010001")
    assert [(one["file"], one["taken_by"], one["path"]) for one in root["exhibits"]] == [
        ("现场 照片.jpg", "王芳", "data/exhibits/01.jpg")
    ]
    assert (path / "data/exhibits/01.jpg").read_bytes() == b"a photograph"
    recording = next((path / "data/recordings").iterdir())
    assert hashlib.sha256(recording.read_bytes()).hexdigest() == root["recordings"][0]["sha256"]
    assert ran.json["missing"] == ["no time stamp covers the seal of this case yet"]
    less = Path(export("--profile", "full", "--without-recordings", "--json").json["path"])
    assert not (less / "data/recordings").exists() and verify(less).ok
    assert (path / releases.REPORT).read_bytes().startswith(b"%PDF")
    assert opened_image(path / releases.SHEET).size[0] == 2400
    assert verify(path, code=code_of(report.manifest_sha256 or "")).ok
    told = entries_of(data)
    assert [one.kind for one in told] == [Kind.CASE_SEALED, Kind.CASE_STEP, Kind.CASE_EXPORTED, Kind.CASE_EXPORTED]
    assert told[-1].by == "李明 33010001" and told[-1].data["purpose"] == "行政诉讼举证"
    assert run("ledger", "check", "--data", data, "--key", path / layout.SITE_KEY).code == 0


def test_the_verifier_that_it_carries_verifies_it(export: Command) -> None:
    import subprocess
    import sys

    path = Path(export("--profile", "full", "--json").json["path"])
    done = subprocess.run(
        [sys.executable, "-I", path / "verify.pyz", path, "--lang", "zh"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "验证通过" in done.stdout and "移送包" in done.stdout


def test_an_outgoing_release_needs_copies_that_somebody_looked_at(export: Command, data: Path) -> None:
    ran = export("--profile", "outgoing")
    assert ran.code == 4 and "streetproof mask" in ran.err
    assert export("--profile", "outgoing", "--with-recordings").code == 4
    assert Kind.CASE_EXPORTED not in [one.kind for one in entries_of(data)]


def test_nothing_of_an_outgoing_release_is_an_original(export: Command, data: Path, case: str, tmp_path: Path) -> None:
    masked = masked_by_hand(data, case, tmp_path / "遮挡 后")
    ran = export("--profile", "outgoing", "--masked", masked, "--json")
    assert ran.code == 0, ran.err
    path = Path(ran.json["path"])
    assert verify(path).ok
    sealed = json.loads((data / "cases" / case / layout.CASE).read_bytes())
    shown = {"panorama", "overlay", "clip", "sign_photo"}
    assert shown <= {one["role"] for one in sealed["files"]}
    originals = {one["sha256"] for one in sealed["files"] if one["role"] in shown}
    carried = {hashlib.sha256(one.read_bytes()).hexdigest() for one in path.rglob("*") if one.is_file()}
    assert originals and not originals & carried
    # The sheet shows the masked pictures: neither the red car of the original nor the photograph is anywhere on it.
    full = Path(export("--profile", "full", "--json").json["path"])
    for colour in (RED, BLUE):
        assert pixels_of(full / releases.SHEET, colour) > 10_000
        assert pixels_of(path / releases.SHEET, colour) == 0
    root = json.loads((path / layout.RELEASE).read_bytes())
    assert root["masking"]["looked_at_by"] == {"name": "李明", "licence": "33010001"}
    kinds = [one.kind for one in entries_of(data)]
    assert kinds == [Kind.CASE_SEALED, Kind.CASE_REDACTED, Kind.CASE_EXPORTED, Kind.CASE_EXPORTED]


def test_what_concerns_the_department_alone_stays_there(
    export: Command, run: Command, data: Path, case: str, tmp_path: Path
) -> None:
    """Who looked at the case and why, and to whom else it went, in entries and report alike."""
    assert export("--profile", "full").code == 0  # enters the case
    with ledger_of(data, "demo") as ledger:
        looked: dict[str, Any] = {"purpose": "inspection", "reason": "举报人 王五 的复核"}
        Ledger(ledger).add([Happening(Kind.CASE_VIEWED, "2026-03-03T00:00:00Z", "赵六 33010099", case, looked)])
    masked = masked_by_hand(data, case, tmp_path / "masked")
    path = Path(export("--profile", "outgoing", "--masked", masked, "--json").json["path"])
    assert verify(path).ok
    entries = json.loads((path / releases.ENTRIES).read_bytes())["entries"]
    kinds = [json.loads(one["entry"])["kind"] for one in entries]
    assert kinds == ["case.sealed", "case.redacted", "case.exported"], "of several exports its own"
    report = subprocess.run(
        ["pdftotext", path / releases.REPORT, "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "封存" in report and "留存于移送单位" in report
    told = report + "".join(one["entry"] for one in entries)
    for secret in ("赵六", "33010099", "王五"):
        assert secret not in told
    full = Path(export("--profile", "full", "--json").json["path"])
    assert "赵六" in json.dumps(json.loads((full / releases.ENTRIES).read_bytes()), ensure_ascii=False)


def test_the_photograph_of_the_cameras_sign_goes_without_place_and_device() -> None:
    """As the picture that people see: a phone writes where, when and with what it was taken into it."""
    photo, exif = BytesIO(), Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0132] = 6, "手机 PHONE-7", "2026:02:01 08:00:00"
    Image.new("RGB", (40, 20), BLUE).save(photo, "JPEG", exif=exif)
    assert b"PHONE-7" in photo.getvalue()
    dossier = Dossier({"case": {"id": "x"}}, "0" * 64, lambda path: b"", sign_photo=photo.getvalue())
    shown = outgoing(dossier, frozenset()).sign_photo
    assert shown is not None and b"PHONE-7" not in shown
    with Image.open(BytesIO(shown)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("PNG", (20, 40), {}), "turned upright"
    assert outgoing(replace(dossier, sign_photo=None), frozenset()).sign_photo is None


def test_nobody_vouches_for_a_case_that_the_ledger_does_not_know(
    export: Command, data: Path, case: str, tmp_path: Path
) -> None:
    """Somebody who may write to the folder and its database has no key of the site."""
    with closing(sqlite3.connect(data / "state.db")) as database, database:
        database.execute("DELETE FROM happening")  # as if it had been sealed before there was a ledger
    copied = shutil.copytree(data, tmp_path / "own")
    assert export("--profile", "full", "--data", copied).code == 0, "by the site's own key it comes into the ledger now"
    resign(data / "cases" / case, load_or_create_key(tmp_path / "a stranger's.pem"))
    ran = export("--profile", "full", "--out", tmp_path / "again")
    assert ran.code == 4 and "no key of this site has sealed it" in ran.err
    assert entries_of(data) == []


def test_a_bundle_that_was_put_in_the_place_of_the_sealed_one_is_not_gone_on_with(
    export: Command, run: Command, data: Path, case: str, tmp_path: Path
) -> None:
    assert export("--profile", "full").code == 0
    resign(data / "cases" / case, load_or_create_key(data / "key.pem"), lambda root: root["site"].update(name="另一局"))
    refused = export("--profile", "full", "--out", tmp_path / "again")
    assert refused.code == 4 and "not the one that the ledger says" in refused.err
    assert run("procedure", "show", case, "--data", data).code == 4


def test_masked_copies_get_content_credentials_where_an_officer_asks_for_them(
    export: Command, data: Path, case: str, tmp_path: Path
) -> None:
    masked = masked_by_hand(data, case, tmp_path / "masked")
    document = json.loads((masked / "masked.json").read_text())
    clips = [one for one in document["files"] if one["role"] == "clip"]
    for clip in clips:
        write_recording(masked / clip["path"], 2)
        clip["sha256"] = hashlib.sha256((masked / clip["path"]).read_bytes()).hexdigest()
    (masked / "masked.json").write_text(json.dumps(document))
    asked = ("--profile", "outgoing", "--masked", masked, "--c2pa")
    refused = export(*asked)
    assert refused.code == 4 and "certificate" in refused.err
    assert export("--profile", "full", "--c2pa").code == 4
    assert Kind.CASE_EXPORTED not in [one.kind for one in entries_of(data)]

    init(tmp_path / "ring", "demo", (NewKey(Role.SEAL),), Secrets(), datetime.now(UTC) - timedelta(minutes=1))
    ran = export(*asked, "--key", tmp_path / "ring", "--json")
    assert ran.code == 0, ran.err
    path = Path(ran.json["path"])
    assert verify(path).ok
    listed = json.loads((path / layout.RELEASE).read_bytes())["files"]
    copies = [one for one in listed if one["role"] == "masked"]
    assert len(copies) == len(document["files"]) and clips
    for one in copies:
        assert one["derived_from"]["transform"] == "painted grey; then a C2PA manifest was put into the file"
        assert b"cn.streetproof.derived" in (path / one["path"]).read_bytes()


@pytest.mark.parametrize("what", ["missing", "changed", "of another case", "no document"])
def test_masked_copies_that_are_not_of_this_case_are_refused(
    export: Command, data: Path, case: str, tmp_path: Path, what: str
) -> None:
    masked = masked_by_hand(data, case, tmp_path / "masked")
    document = json.loads((masked / "masked.json").read_text())
    if what == "missing":
        document["files"].pop()
    elif what == "changed":
        flip(masked / "0.mp4", 3, 1) if (masked / "0.mp4").exists() else flip(masked / "0.png", 60, 1)
    elif what == "of another case":
        document["files"][0]["derived_from"]["parent_sha256"] = "0" * 64
    (masked / "masked.json").write_text("{}" if what == "no document" else json.dumps(document))
    ran = export("--profile", "outgoing", "--masked", masked)
    assert ran.code == 4, ran.out
    assert Kind.CASE_EXPORTED not in [one.kind for one in entries_of(data)]


def test_the_seal_is_stamped_and_an_authority_that_is_down_is_told_of(
    export: Command, data: Path, site: Path, tmp_path: Path
) -> None:
    with serving(tmp_path / "tsa") as tsa:
        content = yaml.safe_load(site.read_text(encoding="utf-8"))
        content.setdefault("evidence", {})["time_stamps"] = {"url": tsa.url, "ca": str(tsa.ca)}
        site.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        tsa.up = False
        down = export("--profile", "full", "--json")
        assert down.code == 0 and any("gave no stamp" in one for one in down.json["missing"])
        told = export("--profile", "full", "--lang", "zh").out
        assert "! 未包含：时间戳机构未给出时间戳：" in told and "! 未包含：尚无时间戳涵盖本案的封存记录" in told
        assert "no time stamp" not in told and "authority" not in told
        tsa.up = True
        ran = export("--profile", "full", "--json")
    assert ran.json["missing"] == []
    report = verify(Path(ran.json["path"]), tsa_ca=tsa.ca)
    assert report.ok and "the trusted root" in report.steps[10].detail
    other = Tsa(tmp_path / "other")
    assert not verify(Path(ran.json["path"]), tsa_ca=other.ca).ok


def test_an_exhibit_that_is_gone_is_named_and_one_that_was_changed_stops_it(
    export: Command, run: Command, data: Path, case: str, tmp_path: Path
) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"a photograph")
    shown = ("--set", "origin=执法记录仪", "--set", "relation=现场照片", "--data", data)
    assert run("procedure", "take", case, "exhibit", *LI, "--file", photo, *shown).code == 0
    kept = next((data / exhibits.FOLDER).iterdir())
    kept.write_bytes(b"another photograph")
    changed = export("--profile", "full")
    assert changed.code == 4 and "no longer what was kept" in changed.err
    kept.unlink()
    gone = export("--profile", "full", "--json")
    assert gone.code == 0 and any("执法记录仪" in one for one in gone.json["missing"])


# -- import ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The data folder of another department, which has nothing yet."""
    data = tmp_path / "另一 单位"
    data.mkdir()
    load_or_create_key(data / "key.pem")
    Store.open_file(data / "state.db").close()
    ledger_of(data, "demo").close()
    return data


@pytest.fixture
def take_in(run: Command, other: Path, data: Path) -> Command:
    key = load_or_create_key(data / "key.pem").fingerprint
    return lambda path, *args: run(
        "import", path, "--key", key, "--from", "西湖交警大队", *WANG, "--data", other, *args
    )


def test_a_case_goes_on_in_another_department_and_keeps_its_chain(
    export: Command, take_in: Command, run: Command, data: Path, other: Path, case: str, site: Path, tmp_path: Path
) -> None:
    released = Path(export("--profile", "full", "--zip", "--json").json["path"])
    ran = take_in(released, "--json")
    assert ran.code == 0 and ran.json == {"case": case, "path": str(other / "imports" / released.name), "new": True}
    assert (other / "imports" / released.name).read_bytes() == released.read_bytes()
    again = take_in(released, "--json")
    assert again.code == 0 and not again.json["new"]
    told = entries_of(other)
    assert [one.kind for one in told] == [Kind.CASE_IMPORTED]
    assert (told[0].data["from"], told[0].data["by"]) == ("西湖交警大队", "王芳 33010002")
    assert run("cases", "--data", other, "--json").json[0]["case"] == case
    checks = ("--check", "genuine", "--check", "clear", "--check", "complete", "--check", "accurate")
    assert run("procedure", "take", case, "review", *WANG, *checks, "--data", other).code == 0
    onward = run(
        "export", case, site, *TO_COURT, *WANG, "--data", other, "--key", other / "key.pem", "--profile", "full",
        "--out", tmp_path / "onward", "--json",
    )  # fmt: skip
    assert onward.code == 0, onward.err
    path = Path(onward.json["path"])
    report = verify(path, trusted_key=load_or_create_key(other / "key.pem").fingerprint)
    assert report.ok, report.culprits
    assert "it came from another department" in report.steps[8].detail
    origin = path / releases.ORIGIN / layout.RELEASE
    first = json.loads(origin.read_bytes())
    assert first["release"]["id"] == released.stem
    # Without a valid signature of the department that it came from, it does not hold.
    flip(path / releases.ORIGIN / "release.json.sig", 5, 1)
    assert not verify(path).ok


def test_what_does_not_verify_with_the_senders_key_is_not_taken_in(
    export: Command, take_in: Command, run: Command, other: Path, tmp_path: Path
) -> None:
    released = Path(export("--profile", "full", "--json").json["path"])
    strange = load_or_create_key(other / "key.pem").fingerprint
    ran = run("import", released, "--key", strange, "--from", "x", *WANG, "--data", other)
    assert ran.code == 4 and "does not verify as what the sender released" in ran.err
    flip(released / "data/case/data/clip.mp4", 9, 1)
    assert take_in(released).code == 4
    assert not (other / "imports").exists() or not list((other / "imports").iterdir())
    assert entries_of(other) == []


def test_a_masked_release_can_be_kept_and_not_handed_on_as_whole(
    export: Command, take_in: Command, run: Command, data: Path, other: Path, case: str, site: Path, tmp_path: Path
) -> None:
    masked = masked_by_hand(data, case, tmp_path / "masked")
    released = Path(export("--profile", "outgoing", "--masked", masked, "--json").json["path"])
    assert take_in(released).code == 0
    assert run("procedure", "show", case, "--data", other).code == 0
    ran = run(
        "export", case, site, *TO_COURT, *WANG, "--data", other, "--key", other / "key.pem", "--profile", "full",
        "--out", tmp_path / "onward",
    )  # fmt: skip
    assert ran.code == 4 and "not whole" in ran.err


def test_the_case_within_an_import_is_looked_at_as_any_other(
    export: Command, take_in: Command, run: Command, other: Path, tmp_path: Path
) -> None:
    """It lies four folders deep in the data folder, and is entered there."""
    released = Path(export("--profile", "full", "--json").json["path"])
    assert take_in(released).code == 0
    within = other / "imports" / released.name / releases.CASE
    asked = ("--purpose", "release", *WANG, "--json")
    masked = run("mask", within, "--out", tmp_path / "m", "--scope", "all-but-vehicle", "--store", tmp_path, *asked)
    assert masked.code == 0 and masked.json["entry"] == 1, masked.err
    assert run("report", within, "--out", tmp_path / "r.pdf", *asked).json["entry"] == 2
    assert [one.kind for one in entries_of(other)] == [Kind.CASE_IMPORTED, Kind.CASE_REDACTED, Kind.CASE_VIEWED]


def test_an_import_that_was_killed_is_finished_by_the_next(export: Command, take_in: Command, other: Path) -> None:
    """Between the copy and the row, and with a draft left behind."""
    released = Path(export("--profile", "full", "--json").json["path"])
    (other / "imports").mkdir()
    (other / "imports" / f"{released.name}.partial").mkdir()
    shutil.copytree(released, other / "imports" / released.name)
    ran = take_in(released, "--json")
    assert ran.code == 0 and ran.json["new"]
    assert [one.kind for one in entries_of(other)] == [Kind.CASE_IMPORTED]


def test_another_bundle_of_the_same_case_is_not_taken_in_beside_it(
    take_in: Command, made: tuple[Path, str], data: Path, other: Path, case: str, tmp_path: Path
) -> None:
    key = load_or_create_key(data / "key.pem")
    request = with_photo(make_request(made[0] / "东门 20260302_080000.mp4"), made[0] / "标志 照片.jpg")
    later = replace(SEALED_AT, utc_ns=SEALED_AT.utc_ns + 1)
    twin = seal(request, tmp_path / "twin", key, later).path
    assert take_in(data / "cases" / case).code == 0
    ran = take_in(twin)
    assert ran.code == 4 and "another bundle of this name" in ran.err
