"""The page says of bundles what the verifier for Python says, and what comes out of a bundle stays text."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evidence_export.bag import canonical, layout, pubkey, sm2
from evidence_export.bag import code as codes
from evidence_export.bag.digest import digest_bytes, digest_file
from evidence_export.bag.zipform import write_zip
from evidence_export.keys import Ed25519Signer, SealingKeys
from evidence_export.keys.files import generate, signer_of
from evidence_export.ledger import tree
from evidence_export.standalone.html import html_bytes
from evidence_export.verifier import verify
from evidence_export.verifier.chinese import SENTENCES, chinese
from tests.evidence_export.browser import Browser, agree, culprits, opened
from tests.evidence_export.helpers import files_of, flip, reseal, resign, sign_bytes, tiny
from tests.evidence_export.test_zip import repack

HOSTILE = "<img src=x onerror=document.title='owned'>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with opened(tmp_path_factory.mktemp("页 面")) as found:
        yield found
        assert found.errors == []
        assert [url for url in found.asked if not url.startswith(("file:", "blob:"))] == []


@pytest.fixture(scope="module")
def small(sealed_folder: Path, signer: Ed25519Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(sealed_folder, tmp_path_factory.mktemp("小") / sealed_folder.name, signer)


@pytest.fixture
def copy(small: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small, tmp_path / small.name))


def packed(folder: Path, path: Path, prefix: str | None = None) -> Path:
    digests = {name: digest_file(folder / name, with_crc32=True) for name in files_of(folder)}
    with path.open("wb") as out:
        write_zip(out, folder, prefix or folder.name, digests)
    return path


# -- the file itself -------------------------------------------------------------------------------------------------


def test_it_is_the_same_byte_for_byte_in_another_process() -> None:
    program = (
        "import sys; from evidence_export.standalone.html import html_bytes; sys.stdout.buffer.write(html_bytes())"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert other.stdout == html_bytes()


def test_its_policy_lets_only_its_own_scripts_run_and_forbids_the_network(browser: Browser) -> None:
    text = html_bytes().decode()
    policy = text.split('http-equiv="Content-Security-Policy" content="')[1].split('"')[0]
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy and "http" not in policy
    scripts = [part.split(">", 1)[1].split("</script>")[0] for part in text.split("<script")[1:]]
    for script in scripts:
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    tried = "fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')"
    assert browser.page.evaluate(tried) == "refused"
    browser.errors.clear()  # the browser tells of what it refused


# -- whole bundles ---------------------------------------------------------------------------------------------------


def test_a_real_bundle_as_folder_and_as_zip(
    browser: Browser, sealed_folder: Path, sealed_zip: Path, signer: Ed25519Signer
) -> None:
    for path in (sealed_folder, sealed_zip):
        report = agree(browser, path, key=signer.fingerprint)
        assert report["verdict"] == "verified" and report["trusted"]
        assert (report["caseId"], report["keyFingerprint"]) == (sealed_folder.name, signer.fingerprint)


@pytest.mark.parametrize("second", [None, *layout.ALGORITHMS])
@pytest.mark.parametrize("first", layout.ALGORITHMS)
def test_every_algorithm_alone_and_beside_another(browser: Browser, copy: Path, first: str, second: str | None) -> None:
    pytest.importorskip("gmssl")
    other = None if second is None else signer_of(generate(second))
    keys = SealingKeys(signer_of(generate(first)), second=other)
    reseal(copy, keys)
    report = agree(browser, copy, key=keys.first.fingerprint)
    assert report["verdict"] == "verified"
    assert report["secondFingerprint"] == (None if other is None else other.fingerprint)
    wrong = copy / (layout.SIGNATURE if other is None else layout.SECOND_SIGNATURE)
    flip(wrong, wrong.stat().st_size - 3, 2)
    assert culprits(agree(browser, copy)) == [wrong.name]
    wrong.unlink()
    assert culprits(agree(browser, copy)) == [wrong.name]


def test_a_trusted_authority_is_left_to_the_other_verifier(browser: Browser, copy: Path, tmp_path: Path) -> None:
    """Its certificate may be there without being true: the page must not call that verified."""
    from evidence_export.keys import open_keys
    from evidence_export.keys.management import NewKey, Secrets, init
    from evidence_export.keys.ring import Role
    from tests.evidence_export.test_certified import MADE

    init(tmp_path / "ring", "demo", (NewKey(Role.SEAL, layout.ECDSA),), Secrets(), MADE)
    reseal(copy, open_keys(tmp_path / "ring"))
    authority = verify(copy).authority_fingerprint
    assert authority is not None
    report = browser.judge(copy, key=authority)
    assert report["verdict"] == "incomplete"
    assert "未发现问题，但有步骤未能核验" in browser.page.inner_text("#result")
    assert "验证通过" not in browser.page.inner_text("#result")


# -- changed bundles -------------------------------------------------------------------------------------------------


def test_a_flipped_bit_anywhere_names_the_one_file(browser: Browser, copy: Path) -> None:
    dice = random.Random(5)
    for name in files_of(copy):
        path = copy / name
        offset, bit = dice.randrange(path.stat().st_size), dice.randrange(8)
        flip(path, offset, bit)
        # What cannot be read as JSON or PEM at all is told in each one's own words.
        report = agree(browser, copy, alike=not name.endswith((".json", ".pem")))
        assert culprits(report) == [name], f"{name} byte {offset} bit {bit}"
        flip(path, offset, bit)
    assert agree(browser, copy)["verdict"] == "verified"


Edit = Callable[[dict[str, Any]], object]
EDITS: dict[str, Edit] = {
    "status": lambda case: case["case"].update(status="case"),
    "another id": lambda case: case["case"].update(id="SP-20260302-AAAAAAAAAAAA"),
    "no id": lambda case: case["case"].update(id="../evil"),
    "hostile id": lambda case: case["case"].update(id=HOSTILE),
    "another site": lambda case: case["site"].update(id="西湖"),
    "another date": lambda case: case["case"].update(local_date="2026-03-03"),
    "another stay": lambda case: case["violation"]["stay"].update(id="stay-0002"),
    "version": lambda case: case.update(version=2),
    "version true": lambda case: case.update(version=True),
    "format": lambda case: case.update(format="another"),
    "revision text": lambda case: case.update(revision="8"),
    "revision below": lambda case: case.update(revision=-1),
    "revision unknown": lambda case: case.update(revision={"known": False}),
    "later revision": lambda case: case.update(revision=99),
    "new field": lambda case: case.update(news={"later": [1, None, "新"]}),
    "time": lambda case: case["seal"].update(sealed_at="2026-02-30T00:00:00.000000000Z"),
    "time short": lambda case: case["seal"].update(sealed_at="2026-02-03T00:00:00Z"),
    "time 24": lambda case: case["seal"].update(sealed_at="2026-02-03T24:00:00.000000000Z"),
    "algorithm": lambda case: case["seal"].update(algorithm="RSA"),
    "algorithm of a later revision": lambda case: case["seal"].update(algorithm="SM2-SM3"),
    "another key": lambda case: case["seal"].update(key_fingerprint="0" * 64),
    "no fingerprint": lambda case: case["seal"].update(key_fingerprint="0" * 63),
    "second without revision": lambda case: case["seal"].update(
        second={"algorithm": "Ed25519", "key_fingerprint": "0" * 64}
    ),
    "second that is missing": lambda case: case.update(
        revision=8, seal=case["seal"] | {"second": {"algorithm": "Ed25519", "key_fingerprint": "0" * 64}}
    ),
    "no seal": lambda case: case.pop("seal"),
    "no files": lambda case: case.pop("files"),
    "files no list": lambda case: case.update(files={}),
    "file twice": lambda case: case["files"].insert(1, case["files"][0]),
    "file out of order": lambda case: case["files"].reverse(),
    "file gone": lambda case: case["files"].pop(0),
    "a file that is not there": lambda case: case["files"].append(case["files"][-1] | {"path": "data/z.png"}),
    "a hostile path": lambda case: case["files"][0].update(path="../x"),
    "the manifest listed": lambda case: case["files"].insert(3, case["files"][0] | {"path": "case.json"}),
    "outside": lambda case: case["files"].append(case["files"][-1] | {"path": "zz.txt"}),
    "size true": lambda case: case["files"][0].update(size=True),
    "size below": lambda case: case["files"][0].update(size=-1),
    "size": lambda case: case["files"][0].update(size=3),
    "sha256": lambda case: case["files"][0].update(sha256="0" * 64),
    "sm3": lambda case: case["files"][0].update(sm3="0" * 64),
    "sm3 capitals": lambda case: case["files"][0].update(sm3="A" * 64),
    "no role": lambda case: case["files"][0].pop("role"),
    "parent elsewhere": lambda case: case["files"][0].update(
        derived_from={"parent": "data/none.png", "transform": "x"}
    ),
    "parent itself": lambda case: case["files"][0].update(
        derived_from={"parent": case["files"][0]["path"], "transform": "x"}
    ),
    "parent no text": lambda case: case["files"][0].update(derived_from={"parent": 3, "transform": "x"}),
    "derived null": lambda case: case["files"][0].update(derived_from=None),
    "derived list": lambda case: case["files"][0].update(derived_from=[]),
    "policy": lambda case: case["policy"].update(sha256="1" * 64),
    "decisive": lambda case: case["recordings"][0].update(decisive=False),
    "decisive text": lambda case: case["recordings"][0].update(decisive="yes"),
    "recordings": lambda case: case.update(recordings=[]),
    "site a list": lambda case: case.update(site=[]),
    "proto": lambda case: case.update({"__proto__": {"seal": 1}, "constructor": 2}),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_manifest_signed_anew_with_the_sites_own_key(
    browser: Browser, copy: Path, signer: Ed25519Signer, name: str
) -> None:
    resign(copy, signer, EDITS[name])
    agree(browser, copy, alike=not name.startswith("time"))  # what Python says of the 30th of February is its own


RAW: dict[str, Callable[[bytes], bytes]] = {
    "a space": lambda data: data.replace(b":", b": ", 1),
    "a line": lambda data: data + b"\n",
    "a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "a key twice": lambda data: data[:-1] + b',"version":1}',
    "a fraction": lambda data: data.replace(b'"version":1', b'"version":1.0'),
    "an exponent": lambda data: data.replace(b'"version":1', b'"version":1e0'),
    "minus nought": lambda data: data.replace(b'"revision":', b'"revision":-0,"x":'),
    "a great number": lambda data: data.replace(b'"version":1', b'"version":9007199254740993'),
    "not a number": lambda data: data.replace(b'"version":1', b'"version":NaN'),
    "an escape": lambda data: data.replace(b'"format":"s', b'"format":"\\u0073'),
    "half a pair": lambda data: data.replace(b'"format":"s', b'"format":"\\ud800'),
    "no text": lambda data: data.replace(b'"format":"s', b'"format":"\xff'),
    "cut off": lambda data: data[:-1],
    "nothing": lambda data: b"",
    "null": lambda data: b"null",
    "a list": lambda data: b"[]",
    "deep": lambda data: b"[" * 5000 + b"]" * 5000,
    "a foreign key": lambda data: data[:-1] + ',"\u952e":1}'.encode(),
}


@pytest.mark.parametrize("name", RAW)
def test_json_that_is_not_canonical(browser: Browser, copy: Path, signer: Ed25519Signer, name: str) -> None:
    sign_bytes(copy, signer, RAW[name]((copy / layout.CASE).read_bytes()))
    report = agree(browser, copy, alike=False)
    assert culprits(report)[0] == layout.CASE
    assert report["verdict"] == "failed"


def test_keys_and_tag_files_that_are_almost_right(browser: Browser, copy: Path, tmp_path: Path) -> None:
    key = copy / layout.SITE_KEY
    good = key.read_bytes()
    for bad in (
        good.replace(b"\n", b"\r\n"),
        good + b"\n",
        good[:-5],
        b"",
        b"x" * ((1 << 20) + 1),
        signer_of(generate(layout.ED25519)).public_key_pem,
        signer_of(generate(layout.ECDSA)).public_key_pem,
    ):
        key.write_bytes(bad)
        assert culprits(agree(browser, copy, alike=len(bad) > 150)) == [layout.SITE_KEY]
    key.write_bytes(good)
    for name in (layout.BAGIT, layout.MANIFEST, layout.TAG_MANIFEST, layout.README, layout.SIGNATURE):
        path = copy / name
        held = path.read_bytes()
        for edit in (held + b" ", held.upper() + b"X", held[:-1], b""):
            path.write_bytes(edit)
            assert culprits(agree(browser, copy)) == [name]
        path.unlink()
        assert name in culprits(agree(browser, copy))
        path.write_bytes(held)
    for name in ("added.txt", ".hidden", "data/片段.mp4", "data/<b>x", "DATA/x"):
        path = copy / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
        assert culprits(agree(browser, copy)) == [name.encode("unicode_escape").decode()]
        path.unlink()


def test_another_key_than_the_trusted_one(browser: Browser, copy: Path, signer: Ed25519Signer) -> None:
    resign(copy, signer_of(generate(layout.ED25519)))  # type: ignore[arg-type]
    report = agree(browser, copy)
    assert report["verdict"] == "verified" and not report["trusted"]
    assert "公钥指纹未核对" in browser.page.inner_text(".warning")
    assert culprits(agree(browser, copy, key=signer.fingerprint)) == [layout.SITE_KEY]
    written = " ".join(signer.fingerprint[at : at + 2].upper() for at in range(0, 64, 2))
    assert browser.judge(copy, key=f"SHA256 Fingerprint={written.replace(' ', ':')}")["verdict"] == "failed"
    assert browser.judge(copy, key="ab")["problem"] == "badFingerprint"


# -- zips ------------------------------------------------------------------------------------------------------------


def test_bytes_of_a_zip_that_are_no_content(browser: Browser, small: Path, tmp_path: Path) -> None:
    path = packed(small, tmp_path / f"{small.name} 副本.zip")
    assert agree(browser, path)["verdict"] == "verified"
    with zipfile.ZipFile(path) as archive:
        heads = [info.header_offset for info in archive.infolist()]
        start = archive.start_dir
    size = path.stat().st_size
    dice = random.Random(2)
    places = [heads[2] + at for at in range(34)] + [start + at for at in range(0, 60)] + list(range(size - 22, size))
    for offset in sorted(dice.sample(places, 25)):
        bit = dice.randrange(8)
        flip(path, offset, bit)
        assert agree(browser, path)["verdict"] == "failed", f"byte {offset}"
        flip(path, offset, bit)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_zips_of_others(browser: Browser, small: Path, tmp_path: Path) -> None:
    path = packed(small, tmp_path / "good.zip")
    data = path.read_bytes()
    other = tmp_path / "other.zip"
    for changed in (data[:-1], data[:-30], data[: len(data) // 2], data + b"\0", b"#!/bin/sh\n" + data, data + data):
        other.write_bytes(changed)
        # Of a zip in which nothing can be read, Python's detail calls it a folder.
        assert agree(browser, other, alike=changed[:2] == b"PK")["verdict"] == "failed"
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        repack(path, other, compression)
        assert agree(browser, other)["verdict"] == "failed"
    for name in ("../../evil", "/etc/passwd", f"{small.name}/case.json", f"{small.name}/data/片.mp4", "x", "C:\\x"):
        repack(path, other, extra={name: b"x"})
        assert agree(browser, other)["verdict"] == "failed"
    assert culprits(agree(browser, packed(small, other, "SP-20260302-AAAAAAAAAAAA"))) == ["other.zip"]
    for nothing in (b"", b"x", b"PK"):
        other.write_bytes(nothing)
        assert agree(browser, other, alike=False)["verdict"] == "failed"


# -- what people see -------------------------------------------------------------------------------------------------


def test_names_from_outside_are_text_and_nothing_else(browser: Browser, small: Path, tmp_path: Path) -> None:
    path = packed(small, tmp_path / f"{HOSTILE}.zip")
    flip(path, path.stat().st_size - 1, 3)
    agree(browser, path)
    page = browser.page
    assert HOSTILE in page.inner_text("#result")
    assert page.locator("#result img").count() == 0
    assert "owned" not in page.title()


def test_it_speaks_chinese_and_english(browser: Browser, copy: Path) -> None:
    page = browser.page
    flip(copy / "data/clip.mp4", 0, 0)
    browser.judge(copy)
    assert "验证未通过" in page.inner_text(".verdict")
    assert "应核对的文件" in page.inner_text(".culprits") and "data/clip.mp4" in page.inner_text(".culprits")
    assert "本页不做" in page.inner_text("ol.steps")
    page.click("#language")
    try:
        said = page.inner_text("body")
        assert "FAILED" in said and "verify.pyz does it" in said
        left = said.replace("中文", "").replace("证据 包", "")
        assert not [one for one in left if "\u4e00" <= one <= "\u9fff"]
    finally:
        page.click("#language")


def test_its_sentences_are_those_of_the_other_verifier(browser: Browser) -> None:
    filled = [english.replace("{}", "case.json") for english in SENTENCES]
    filled += ["step 6: its SHA-256 is 0, where 1 was sealed", "nobody ever wrote this"]
    assert browser.call("list => list.map(chinese)", filled) == [chinese(one) for one in filled]


def test_a_bundle_among_others_is_to_be_chosen(browser: Browser, small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path / "两个" / "a")
    assert browser.judge(tmp_path / "两个")["verdict"] == "verified"
    shutil.copytree(small, tmp_path / "两个" / "b")
    assert browser.judge(tmp_path / "两个")["problem"] == "several"
    (tmp_path / "无").mkdir()
    (tmp_path / "无" / "x.txt").write_bytes(b"x")
    assert browser.judge(tmp_path / "无")["problem"] == "noBundle"
    assert browser.judge(tmp_path / "无" / "x.txt")["problem"] == "noBundle"
    (tmp_path / "无" / "x.zip.age").write_bytes(b"age-encryption.org/v1\n-> scrypt")
    assert browser.judge(tmp_path / "无" / "x.zip.age")["problem"] == "locked"


def test_the_code_of_a_sheet(browser: Browser, small: Path) -> None:
    sha256 = digest_file(small / layout.CASE).sha256
    case = json.loads((small / layout.CASE).read_bytes())
    stills = {one["path"]: one["sha256"] for one in case["files"] if one["path"].startswith("data/stills/")}
    own = codes.code_of(sha256)
    other = codes.code_of("0" * 64)
    typed = [own, own.lower().replace("-", " "), own[:-1], f"{own}0", f"{own[:5]}*{own[6:]}", other, other[::-1]]
    typed += [own.replace("0", "O").replace("1", "l"), "".join(chr(ord(one) + 0xFEE0) for one in own), "", "💣" * 20]
    typed += [codes.still_code(one) for one in stills.values()] + ["0123456789abcdef", own[1] + own[0] + own[2:]]
    ask = """([list, sha, stills]) => list.map(one => {
        const { outcome, why, whyZh } = readCode(one, sha, stills);
        return [outcome, why, whyZh];
    })"""
    wanted = [codes.read(one, sha256, stills) for one in typed]
    assert browser.call(ask, [typed, sha256, list(stills.items())]) == [[v.outcome, v.why, v.why_zh] for v in wanted]
    assert browser.judge(small, code=own)["verdict"] == "verified"
    report = browser.judge(small, code=other)
    assert (report["verdict"], report["steps"][-1]["number"]) == ("failed", 13)
    assert "属于另一案件" in browser.page.inner_text("#result")


# -- its arithmetic --------------------------------------------------------------------------------------------------


def test_its_hashes_are_those_of_the_library(browser: Browser) -> None:
    dice = random.Random(1)
    data = [dice.randbytes(size) for size in (*range(0, 140), 1000, 65537)]
    ask = """list => list.map(text => {
        const data = fromHex(text), cut = Math.floor(data.length / 3);
        const parts = [data.subarray(0, cut), data.subarray(cut)];
        return [hex(sha256(...parts)), hex(sm3(...parts)), hex(plainSha512(data))];
    })"""
    for found, one in zip(browser.call(ask, [one.hex() for one in data]), data, strict=True):
        known = digest_bytes(one)
        assert known.sm3
        assert found == [known.sha256, known.sm3, hashlib.sha512(one).hexdigest()]


@pytest.mark.parametrize("algorithm", layout.ALGORITHMS)
def test_its_signatures_are_judged_as_by_the_other_verifier(browser: Browser, algorithm: str) -> None:
    """Flipped bits, the other s, other lengths of DER, nought and the order: accepted and refused alike."""
    pytest.importorskip("gmssl")
    dice = random.Random(7)
    signer = signer_of(generate(algorithm))
    key = pubkey.from_pem(signer.public_key_pem)
    message = dice.randbytes(200)
    signature = signer.sign(message)
    tries = [signature, signature[:-1], signature + b"\0", bytes(len(signature))]
    for _ in range(12):
        flipped = bytearray(signature)
        flipped[dice.randrange(len(signature))] ^= 1 << dice.randrange(8)
        tries.append(bytes(flipped))
    if algorithm == layout.ED25519:
        order = 2**252 + 27742317777372353535851937790883648493
        scalar = int.from_bytes(signature[32:], "little")
        tries.append(signature[:32] + (scalar + order).to_bytes(32, "little"))
        tries += [bytes(32) + signature[32:], b"\x01" + bytes(31) + bytes(32)]
    else:
        r, s = sm2.decode(signature)
        order = sm2.N if algorithm == layout.SM2 else pubkey.P256_ORDER
        tries += [sm2.encode(*pair) for pair in ((r, order - s), (0, s), (r, 0), (order, s), (r, order), (s, r))]
        tries.append(bytes([0x30, 0x81, len(signature) - 2]) + signature[2:])
    ask = """async ([pem, message, list]) => {
        const key = keyFromPem(encoded(pem)), found = [];
        for (const one of list) found.push(await key.verify(fromHex(one), fromHex(message)));
        return found;
    }"""
    found = browser.call(ask, [signer.public_key_pem.decode(), message.hex(), [one.hex() for one in tries]])
    assert found == [key.verify(one, message) for one in tries]
    assert found[0] and not all(found)


def test_its_proofs_are_judged_as_by_the_other_verifier(browser: Browser) -> None:
    leaves = [tree.leaf_hash(bytes([one])) for one in range(20)]
    kept = {(level, number): value for level, number, value in tree.grown(0, leaves, lambda level, number: b"")}
    tries, wanted = [], []
    for size in range(1, 21):
        root = tree.root(size, lambda level, number: kept[level, number])
        for index in range(size):
            proof = tree.inclusion_proof(index, size, lambda level, number: kept[level, number])
            for one, at, length, hashes in (
                (leaves[index], index, size, proof),
                (leaves[index - 1], index, size, proof),
                (leaves[index], index, size + 1, proof),
                (leaves[index], (index + 1) % size, size, proof),
                (leaves[index], index, size, proof[:-1]),
            ):
                tries.append([one.hex(), at, length, [part.hex() for part in hashes], root.hex()])
                wanted.append(tree.is_included(one, at, length, hashes, root))
    ask = "list => list.map(([l, i, s, p, r]) => isIncluded(fromHex(l), i, s, p.map(fromHex), fromHex(r)))"
    assert browser.call(ask, tries) == wanted


def test_its_canonical_json_is_that_of_the_other_verifier(browser: Browser) -> None:
    texts = ["0", "-0", "1.0", "1e2", '"\\u0007"', '"\\u007f"', '"\x7f"', '"\\/"', '"/"', '"é\\n"', "[1,2]", "[1, 2]"]
    texts += ['{"b":1,"a":2}', '{"a":2,"b":1}', '{"a":1,"a":1}', '{"10":1,"9":2}', '{"9":1,"10":2}', '{"__proto__":1}']
    texts += [
        "9007199254740991",
        "9007199254740992",
        '"\\ud83d\\ude00"',
        '"😀"',
        "\ufeff1",
        "true",
        "nul",
        "[[]]",
        "{}",
    ]
    texts += [
        "[" * 33 + "]" * 33,
        "[" * 34 + "]" * 34,
        '{"a b":1}',
        '{"":1}',
        '"\\b\\f\\t\\r\\"\\\\"',
        '"\\u001F"',
        '"\\u001f"',
    ]

    def holds(text: str) -> bool:
        try:
            canonical.loads(text.encode())
        except ValueError:
            return False
        return True

    ask = "list => list.map(one => {try {readCanonical(encoded(one)); return true} catch {return false}})"
    assert browser.call(ask, texts) == [holds(one) for one in texts]
