from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import cv2
import pytest

from evidence_export.blockers import BLOCKERS
from evidence_export.dossier import CustodyEntry, Dossier, LedgerFacts, ShownExhibit
from evidence_export.keys import Ed25519Signer
from evidence_export.procedure.procedure import Facts, Procedure
from evidence_export.procedure.states import Path as Way
from evidence_export.procedure.steps import Check, Confirm, Decide, Notice, Officer, Review, Statement
from evidence_export.report.blocks import Figure, ReportLanguage, Section
from evidence_export.report.glyphs import shown
from evidence_export.report.making import ReportError, report_pdf
from evidence_export.report.rendering import Page, html, render
from evidence_export.words import Said
from tests.evidence_export.helpers import resign
from tests.evidence_export.papers.conftest import edited, needs_poppler, picture, text_of

ROOT = Path(__file__).parents[3]
SHEET = picture(240, 180)
ZH, EN, BOTH = ReportLanguage
LI, WANG = Officer(name="李玥", licence="33010001"), Officer(name="王芳", licence="33010002")
DAY = datetime(2026, 3, 3, 2, tzinfo=UTC)
MAKE = """
import sys
from pathlib import Path
from evidence_export.dossier import open_dossier
from evidence_export.report.making import ReportLanguage, report_pdf
from evidence_export.sheet import sheet_png
dossier = open_dossier(Path(sys.argv[1]))
Path(sys.argv[2]).write_bytes(report_pdf(dossier, sheet_png(dossier), ReportLanguage(sys.argv[3])))
"""


def make(bundle: Path, out: Path, language: str = "both", **environment: str) -> bytes:
    """A report made in a process of its own."""
    command = [sys.executable, "-W", "error", "-c", MAKE, str(bundle), str(out), language]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return out.read_bytes()


def fonts_of(pdf: bytes, tmp_path: Path) -> set[str]:
    path = tmp_path / "fonts.pdf"
    path.write_bytes(pdf)
    lines = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert all("yes yes yes" in line for line in lines), "embedded, a subset, and text that can be copied"
    return {line.split()[0].partition("+")[2] for line in lines}


def reviewed(dossier: Dossier) -> Dossier:
    """The same after all steps to a decision, with everything that a data folder knows."""
    checks = frozenset(Check)
    facts = Facts(dossier.case_id, Way.DIRECT, DAY, frozenset({"plate_unknown", "not_reviewed"}))
    steps = [
        Review(at=DAY, by=LI, checks=checks, note="画面清晰"),
        Confirm(at=DAY + timedelta(hours=1), by=WANG, checks=checks, answers={"plate_unknown": "现场核实为浙A12345"}),
        Notice(at=DAY + timedelta(days=1), by=LI, served_at=DAY + timedelta(days=1), document="告字〔2026〕第 7 号"),
        Statement(at=DAY + timedelta(days=2), by=LI, said="当时在装货", considered="不影响认定"),
        Decide(at=DAY + timedelta(days=9), by=LI, second=WANG, document="罚字〔2026〕第 7 号"),
    ]
    return replace(
        dossier,
        procedure=Procedure.replayed(facts, steps),
        custody=(
            CustodyEntry("2026-03-03T01:06:40.1Z", "batch", "case.sealed", Said("清单 1234", "manifest 1234"), 3),
        ),
        ledger=LedgerFacts(3, 17, "cd" * 32, "streetproof/demo/00", "2026-03-03T01:08:00Z", "某某时间戳机构"),
        exhibits=(ShownExhibit("现场照片.jpg", "ef" * 32, "执法记录仪", "李玥", "2026-03-02T00:00:10Z", "相互印证"),),
    )


@needs_poppler
def test_it_tells_the_whole_case(dossier: Dossier, tmp_path: Path) -> None:
    text = text_of(report_pdf(reviewed(dossier), SHEET, ZH), tmp_path)
    for words in (
        dossier.case_id, dossier.code, "违法停车", "线索：不能直接作为处罚依据", "示范区综合行政执法局", "东大街",
        "2026-03-02 08:00:04.0 UTC+08:00", "允许 12.0 秒，至少停留 14.0 秒", "到达：2026-03-02 08:00:02.0",
        "法律依据未知", "设备检定情况未知", "读数误差 ±1.0 s", "摄像机时钟偏差：未测量", "自到达至认定，画面无缺失",
        "李玥（33010001）", "王芳（33010002）", "核对通过：真实、清晰、完整、准确", "车牌未知：现场核实为浙A12345",
        "告字〔2026〕第 7 号", "当时在装货；复核：不影响认定", "罚字〔2026〕第 7 号；另一执法人员 王芳", "已决定",
        "现场照片.jpg", "执法记录仪 · 李玥", "相互印证", "批处理程序", "封存", "streetproof/demo/00", "cd" * 32,
        "2026-03-03 09:08:00.0 UTC+08:00 · 某某时间戳机构", "封存时尚存", dossier.manifest_sha256,
        f"verify {dossier.case_id} --code {dossier.code}",
        "sha256sum -c manifest-sha256.txt", "openssl pkeyutl -verify", "录像在封存之前是否被改动", "本 PDF 未签名",
    ):  # fmt: skip
        assert words.replace(" ", "") in text.replace(" ", ""), words
    assert "未经两名执法人员复核" not in text and "尚无时间戳机构签名" not in text, "both have been done since"
    for file in dossier.case["files"]:
        assert file["path"] in text and file["sha256"] in text and file["sm3"] in text


@needs_poppler
@pytest.mark.parametrize("language", list(ReportLanguage))
def test_each_language_is_whole(any_kind: Dossier, language: ReportLanguage, tmp_path: Path) -> None:
    text = text_of(report_pdf(any_kind, SHEET, language), tmp_path)
    zh = ["案件概况", "认定理由", "保管记录", "本报告不能说明什么", "法律依据未知", "防伪码"]
    en = [
        "Summary",
        "Why it was found so",
        "Custody",
        "What cannot be known",
        "the legal basis is unknown",
        "forgery code",
    ]
    assert [words in text for words in zh] == [language is not EN] * len(zh)
    assert [words in text for words in en] == [language is not ZH] * len(en)


@needs_poppler
def test_what_is_not_known_is_said_to_be_unknown(dossier: Dossier, tmp_path: Path) -> None:
    text = text_of(report_pdf(dossier, SHEET, ZH), tmp_path)
    assert text.count("未知：制作本报告时未提供") == 4, "procedure, exhibits, custody, ledger"
    assert "未经两名执法人员复核" in text and "尚无时间戳机构签名" in text and "批准前须解决的问题" in text
    empty = replace(dossier, procedure=None, custody=(), exhibits=())
    text = text_of(report_pdf(empty, SHEET, ZH), tmp_path)
    assert "无：存证日志中没有本案记录" in text and "无：存证日志尚无覆盖本案的检查点" in text
    assert text.count("未知：制作本报告时未提供") == 1


@needs_poppler
def test_facts_of_each_kind_are_there(clutter: Dossier, occupation: Dossier, tmp_path: Path) -> None:
    text = text_of(report_pdf(clutter, SHEET, ZH), tmp_path)
    assert "限 2 辆、4.5 m²，认定时至少 3 辆、占地 4.7 m²" in text and "不能解读" not in text
    text = text_of(report_pdf(occupation, SHEET, ZH), tmp_path)
    assert "约 2.8 m²（2.2 至 3.4 m²）" in text and "由 shop-1 阿明 水果店 门前向外延伸" in text


@needs_poppler
def test_parts_of_a_later_revision_are_not_left_out_silently(dossier: Dossier, tmp_path: Path) -> None:
    changed = edited(dossier, lambda case: case["violation"].update(clutter={"of": "a later form"}))
    assert "不能解读的内容，未列入本报告，见 case.json：violation.clutter" in text_of(
        report_pdf(changed, SHEET, ZH), tmp_path
    )


def test_the_same_case_gives_the_same_bytes_in_every_process(sealed_folder: Path, tmp_path: Path) -> None:
    one = make(sealed_folder, tmp_path / "1.pdf", PYTHONHASHSEED="1", TZ="Asia/Shanghai")
    two = make(sealed_folder, tmp_path / "2.pdf", PYTHONHASHSEED="4711", TZ="America/New_York", LC_ALL="C")
    assert one == two and one.startswith(b"%PDF-1.")


@needs_poppler
def test_its_dates_are_those_of_the_seal(dossier: Dossier, tmp_path: Path) -> None:
    (tmp_path / "r.pdf").write_bytes(report_pdf(dossier, SHEET, ZH))
    told = subprocess.run(["pdfinfo", "-isodates", tmp_path / "r.pdf"], capture_output=True, text=True, check=True)
    assert re.findall(r"(?:CreationDate|ModDate): +(\S+)", told.stdout) == ["2026-03-03T01:06:40Z"] * 2


@needs_poppler
def test_pages_are_numbered_and_name_the_case(dossier: Dossier, tmp_path: Path) -> None:
    pdf = report_pdf(dossier, SHEET, ZH)
    (tmp_path / "r.pdf").write_bytes(pdf)
    told = subprocess.run(["pdfinfo", tmp_path / "r.pdf"], capture_output=True, text=True, check=True).stdout
    pages = int(re.findall(r"Pages: +(\d+)", told)[0])
    assert 4 <= pages <= 9 and "A4" in told
    for number in range(1, pages + 1):
        page = text_of(pdf, tmp_path, "-f", str(number), "-l", str(number))
        assert f"{number}/{pages}" in page.replace(" ", "") and dossier.case_id in page and dossier.code in page


@needs_poppler
def test_every_character_has_a_glyph(dossier: Dossier, tmp_path: Path) -> None:
    pdf = report_pdf(reviewed(dossier), SHEET, BOTH)
    assert fonts_of(pdf, tmp_path) <= {"Streetproof-Sans", "Noto-Sans-CJK-SC"}
    assert "�" not in text_of(pdf, tmp_path)


@needs_poppler
def test_without_any_font_of_the_system_rare_characters_are_told_by_number(sealed_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "fonts.conf").write_text(f"<fontconfig><cachedir>{tmp_path}/cache</cachedir></fontconfig>")
    code = (
        "from evidence_export.report.glyphs import shown; import sys\n"
        "print(ascii(shown('李玥 a\\u202eb\\u0000 \\U00020bb7')))"
    )
    environment = {**os.environ, "FONTCONFIG_FILE": str(tmp_path / "fonts.conf"), "PYTHONPATH": str(ROOT)}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ascii("李[U+73A5] a[U+202E]b[U+0000] [U+20BB7]")
    pdf = make(sealed_folder, tmp_path / "bare.pdf", FONTCONFIG_FILE=str(tmp_path / "fonts.conf"))
    assert fonts_of(pdf, tmp_path) == {"Streetproof-Sans"}


def test_names_with_rare_characters_are_shown_where_the_system_has_them() -> None:
    assert shown("李玥 a\u202e\nb\u3000c") == "李玥 a[U+202E] b c"


@needs_poppler
def test_the_qr_code_holds_id_hash_and_code(dossier: Dossier, tmp_path: Path) -> None:
    (tmp_path / "r.pdf").write_bytes(report_pdf(dossier, SHEET, BOTH))
    command = ["pdftoppm", "-r", "200", "-l", "1", "-png", tmp_path / "r.pdf", tmp_path / "page"]
    subprocess.run(command, check=True)
    (page,) = tmp_path.glob("page*.png")
    said, _, _ = cv2.QRCodeDetector().detectAndDecode(cv2.imread(str(page)))
    assert said == f"streetproof\ncase {dossier.case_id}\nsha256 {dossier.manifest_sha256}\ncode {dossier.code}"


@pytest.fixture
def listening() -> Iterator[tuple[str, list[str]]]:
    """A server that nobody may ask, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


@needs_poppler
def test_hostile_words_are_words(
    bundle: Path, signer: Ed25519Signer, listening: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, asked = listening
    (tmp_path / "secret.txt").write_text("GEHEIM")
    file = (tmp_path / "secret.txt").as_uri()
    road = f"<img src='{url}/a'><script>x</script><link rel=attachment href='{file}'><iframe src='{file}'>"
    name = f"</style></title><style>@import url({url}/b);body{{background:url({file});display:none}}</style>"
    site = f"{{{{ 7 * 7 }}}} {{% include '{file}' %}} &lt;b&gt; ]]> --> \u202etxet\u2066 \u0000\u0007\u001b[31m"

    def edit(case: dict[str, Any]) -> None:
        case["camera"].update(road=road, name=name, direction="长" * 100_000, location="A" * 50_000)
        case["site"]["name"] = site
        case["violation"]["zone_name"] = f"</text></svg><image href='{url}/c'/>"
        case["legal_basis"]["statute"] = f"expression(url({url}/d))"

    resign(bundle, signer, edit)
    pdf = make(bundle, tmp_path / "hostile.pdf")
    text = text_of(pdf, tmp_path).replace(" ", "")
    assert asked == []
    for words in (
        road,
        name.partition(";")[0],
        "{{7*7}}",
        "&lt;b&gt;",
        "[U+202E]txet[U+2066]",
        "[U+0000][U+0007][U+001B]",
    ):
        assert words.replace(" ", "") in text, words
    assert "100000字characters" in text and "GEHEIM" not in text and "49" not in text.partition("{%")[0][-40:]
    for mark in (b"/EmbeddedFile", b"/JavaScript", b"/Launch", b"/URI"):
        assert mark not in pdf
    info = subprocess.run(["pdfdetach", "-list", tmp_path / "hostile.pdf"], capture_output=True, text=True, check=False)
    assert info.stdout.startswith("0 ")


def page_of(*blocks: Figure) -> Page:
    head = {
        "site": "s", "called": Said("a", "b"), "lead": True, "status": Said("a", "b"), "blockers": [],
        "words": {name: Said("a", "b") for name in ("case", "code", "blocked", "stood", "state")},
        "moved": False, "state": None,
    }  # fmt: skip
    section = Section(Said("a", "b"), blocks)
    return Page(
        Said("t", "t"), "SP-1", "CODE", "2026-03-03T01:06:40Z", head, (section,), {"qr": ("image/png", picture(8, 8))}
    )


@pytest.mark.parametrize("name", ["unknown", "../../etc/passwd"])
def test_what_was_not_handed_over_is_not_fetched(name: str) -> None:
    with pytest.raises(ReportError, match="may not show"):
        render(page_of(Figure(name, Said("a", "b"))), ZH)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "http://127.0.0.1:9/x", "data:image/png;base64,AA", "papers:"])
def test_no_other_address_is_fetched(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from evidence_export.report import rendering

    forged = html(page_of(), ZH).replace("</body>", f'<img src="{url}"></body>')
    monkeypatch.setattr(rendering, "html", lambda page, language: forged)
    with pytest.raises(ReportError, match="may not show"):
        render(page_of(), ZH)


def test_every_value_of_the_template_is_escaped() -> None:
    evil = Said("<b>&\"'", "<i>")
    page = replace(page_of(), title=evil, case_id="<u>", code="<s>", sections=(Section(evil, ()),))
    made = html(page, BOTH)
    for mark in ("<b>", "<i>", "<u>", "<s>"):
        assert mark not in made
    assert "&lt;b&gt;&amp;&#34;&#39;" in made


def test_missing_libraries_are_named_with_what_to_install(sealed_folder: Path, tmp_path: Path) -> None:
    fake = tmp_path / "fake" / "weasyprint.py"
    fake.parent.mkdir()
    fake.write_text("raise OSError(\"cannot load library 'libpango-1.0-0'\")\n")
    code = MAKE.replace(
        "Path(sys.argv[2])", "from evidence_export.report.making import ReportError\ntry:\n  Path(sys.argv[2])"
    )
    code += "except ReportError as error:\n  print(error)\n"
    done = subprocess.run(
        [sys.executable, "-c", code, str(sealed_folder), str(tmp_path / "r.pdf"), "zh"],
        env={**os.environ, "PYTHONPATH": f"{fake.parent}:{ROOT}"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "libpango-1.0-0" in done.stdout and "sudo apt-get install -y" in done.stdout


def test_nothing_heavy_is_loaded_before_a_report_is_made() -> None:
    code = (
        "import sys, streetproof.cli, evidence_export, evidence_export.report.making, streetproof.cli.report\n"
        "print(sorted({'weasyprint', 'pyhanko', 'segno', 'fontTools', 'asn1crypto', 'aiohttp'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_blocker_that_a_manifest_can_name_has_words_in_both_languages() -> None:
    source = (ROOT / "docs" / "evidence-format.md").read_text(encoding="utf-8")
    row = next(line for line in source.splitlines() if line.startswith("| `case.approval_blocked_by`"))
    flags = next(line for line in source.splitlines() if line.startswith("| `time.flags`"))
    named = set(re.findall(r"`([a-z_0-9]+_[a-z_0-9]+)`", row.partition("|")[2] + flags)) - {"bike_clutter"}
    assert named - {"case"} <= set(BLOCKERS) | {"approval_blocked_by"}
    assert all(re.search("[一-鿿]", said.zh) and not re.search("[一-鿿]", said.en) for said in BLOCKERS.values())


@pytest.mark.parametrize(
    "edit",
    [
        lambda case: case.pop("camera"),
        lambda case: case.pop("images"),
        lambda case: case.update(plate={"known": False}, recordings=[], view={}, continuity={}),
        lambda case: case["site"].update(timezone="Nowhere/Land"),
        lambda case: case["violation"]["stay"].update(trace=[1], place=["x"]),
        lambda case: case.update(files=[{"path": 1, "size": "x"}, None, "text"]),
        lambda case: case["violation"].update(kind=None, reckoning={"limit_ns": -1}, company={"others": []}),
    ],
)
def test_odd_cases_still_get_a_report(dossier: Dossier, edit: Callable[[dict[str, Any]], object]) -> None:
    assert report_pdf(edited(dossier, edit), SHEET, BOTH).startswith(b"%PDF-")


def test_the_place_is_sketched_on_the_ground_where_it_was_surveyed(dossier: Dossier) -> None:
    from evidence_export.dossier.facts import Facts as Told
    from evidence_export.report.sketch import sketches

    ground = {
        "points": [[0.1, 0.95], [0.9, 0.95], [0.7, 0.45], [0.3, 0.45]],
        "metres": [[0, 0], [8, 0], [8, 20], [0, 20]],
    }
    policy = {**json.loads(dossier.read("data/policy.json")), "ground": ground}
    plain = sketches(dossier, Told(dossier.case))
    surveyed = replace(
        dossier, read=lambda path: json.dumps(policy).encode() if path == "data/policy.json" else dossier.read(path)
    )
    both = sketches(surveyed, Told(dossier.case))
    assert len(plain) == 1 and len(both) == 2
    assert plain[0].svg.count("<polygon") == 3 and " m</text>" in both[1].svg
