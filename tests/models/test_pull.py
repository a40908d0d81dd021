from __future__ import annotations

import base64
import hashlib
import http.server
import io
import logging
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import pytest
import yaml

from models.catalog import load_catalog
from models.checks import check
from models.darknet.to_onnx import convert
from models.errors import FetchError, ModelMissingError, ModelRefusedError
from models.fetch.interface import PARTIAL
from models.fetch.pip_config import IndexSettings, index_settings
from models.pull import pull
from models.store import ModelStore, load_detector
from tests.models.darknets import CFG, network

SECRET = "geheim-Pass0rt"
WEIGHTS = network()[0]
GRAPH = convert(CFG.encode(), WEIGHTS).graph


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sdist(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def wheel(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


class Zoo:
    """A package archive with a tiny network in it, and the catalog that knows it."""

    def __init__(self, folder: Path, archive: str = "tinyzoo-1.0.tar.gz") -> None:
        self.folder = folder
        self.name = archive
        self.canary = folder / "canary"
        run_me = f"open({str(self.canary)!r}, 'w').close()".encode()
        files = {
            "tinyzoo-1.0/setup.py": run_me,
            "tinyzoo-1.0/../../evil": b"x",
            "tinyzoo-1.0/net.cfg": CFG.encode(),
            "tinyzoo-1.0/net.weights": WEIGHTS,
        }
        self.archive = wheel(files) if archive.endswith(".whl") else sdist(files)
        self.store = ModelStore(folder / "模型 store")

    def members(self) -> dict:
        return {
            "cfg": {"path": "tinyzoo-1.0/net.cfg", "sha256": sha256(CFG.encode()), "size": len(CFG)},
            "weights": {"path": "tinyzoo-1.0/net.weights", "sha256": sha256(WEIGHTS), "size": len(WEIGHTS)},
        }

    def catalog(self, *, members=None, archive: bytes | None = None, **fields):
        data = self.archive if archive is None else archive
        source = {
            "kind": "pypi",
            "project": "tinyzoo",
            "archive": self.name,
            "sha256": sha256(data),
            "size": len(data),
            "members": members or self.members(),
        }
        entry = {
            "title": "Tiny",
            "licence": "CC0-1.0",
            "sha256": sha256(GRAPH),
            "size": len(GRAPH),
            "layout": "yolov3_tiny",
            "input_size": [64, 64],
            "classes": ["car", "person"],
            "heads": [{"stride": 32, "anchors": [[20, 30], [40, 25]]}, {"stride": 16, "anchors": [[3, 4]]}],
            "sources": [source],
        }
        path = self.folder / f"catalog-{time.monotonic_ns()}.yaml"
        path.write_text(yaml.safe_dump({"version": 1, "models": {"tiny": entry | fields}}), encoding="utf-8")
        self.catalog_path = path
        return load_catalog([path])

    def links(self, data: bytes | None = None) -> IndexSettings:
        """A folder of archives, as --find-links takes it."""
        folder = self.folder / "links"
        folder.mkdir(exist_ok=True)
        (folder / self.name).write_bytes(self.archive if data is None else data)
        return settings(find_links=(str(folder),))

    def pull(self, where: IndexSettings, **fields):
        return pull("tiny", store=self.store, catalog=self.catalog(**fields), settings=where)

    def left(self) -> set[str]:
        return {p.name for p in self.store.folder.iterdir()} - {".lock"} if self.store.folder.exists() else set()


def settings(index_urls=(), find_links=(), **fields) -> IndexSettings:
    return IndexSettings(index_urls, find_links, fields.get("trusted", ()), None, 5.0)


@pytest.fixture
def zoo(tmp_path) -> Zoo:
    return Zoo(tmp_path)


class Index:
    """A package index on this machine that asks for a password, and can misbehave."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.password: str | None = None
        self.stall_after: int | None = None
        self.redirect: str | None = None
        self.asked: list[str] = []
        self.ending = threading.Event()
        index = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.append(self.path)
                index.answer(self)

            def log_message(self, *_) -> None: ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def url(self, credentials: str = "") -> str:
        return f"http://{credentials}127.0.0.1:{self.server.server_port}/simple"

    def answer(self, request) -> None:
        if self.password is not None:
            want = "Basic " + base64.b64encode(f"user:{self.password}".encode()).decode()
            if request.headers.get("Authorization") != want:
                request.send_response(401)
                request.send_header("WWW-Authenticate", 'Basic realm="index"')
                request.send_header("Content-Length", "0")
                request.end_headers()
                return
        name = request.path.rsplit("/", 1)[1]
        if request.path.startswith("/files/") and self.redirect:
            request.send_response(302)
            request.send_header("Location", self.redirect)
            request.end_headers()
        elif request.path == "/simple/tinyzoo/":
            links = "".join(f'<a href="../../files/{n}">{n}</a>' for n in self.files)
            self.send(request, f"<html><body>{links}</body></html>".encode(), "text/html")
        elif request.path.startswith("/files/") and name in self.files:
            self.send(request, self.files[name], "application/octet-stream")
        else:
            request.send_response(404)
            request.send_header("Content-Length", "0")
            request.end_headers()

    def send(self, request, data: bytes, kind: str) -> None:
        request.send_response(200)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        if self.stall_after is not None and kind != "text/html":
            request.wfile.write(data[: self.stall_after])
            request.wfile.flush()
            self.ending.wait(60)
            return
        request.wfile.write(data)

    def close(self) -> None:
        self.ending.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def index(zoo):
    server = Index({zoo.name: zoo.archive})
    yield server
    server.close()


def test_the_bootstrap_model_was_pulled_whole(bootstrap_store):
    assert {p.suffix for p in bootstrap_store.folder.iterdir() if p.name != ".lock"} == {".onnx"}
    again = pull("yolov3-tiny", store=bootstrap_store, settings=settings())
    assert not again.fetched
    assert again.sha256 == load_catalog().entry("yolov3-tiny").sha256


@pytest.mark.parametrize("archive", ["tinyzoo-1.0.tar.gz", "tinyzoo-1.0-py3-none-any.whl"])
def test_a_pull_takes_the_files_and_runs_nothing(tmp_path, archive):
    zoo = Zoo(tmp_path, archive)
    stages = []
    made = pull(
        "tiny", store=zoo.store, catalog=zoo.catalog(), settings=zoo.links(), progress=lambda p: stages.append(p.stage)
    )
    assert made.fetched
    assert made.path.read_bytes() == GRAPH
    assert all(step.ok for step in made.steps)
    assert list(dict.fromkeys(stages)) == ["download", "extract", "convert", "check"]
    assert not zoo.canary.exists()
    assert zoo.left() == {made.path.name}
    assert not (tmp_path / "evil").exists()
    detector = load_detector("tiny", store=zoo.store, catalog=zoo.catalog())
    assert detector.info.sha256 == sha256(GRAPH)
    assert all(step.ok for step in check("tiny", store=zoo.store, catalog=zoo.catalog()))
    # A second time: nothing is asked, nothing is written.
    before = made.path.stat()
    assert not zoo.pull(settings()).fetched
    assert made.path.stat() == before


def test_a_changed_file_in_the_store_is_fetched_again(zoo):
    path = zoo.pull(zoo.links()).path
    path.write_bytes(GRAPH[:-1])
    assert zoo.pull(zoo.links()).fetched
    assert path.read_bytes() == GRAPH


@pytest.mark.parametrize(
    ("change", "kind", "why"),
    [
        (lambda a: a[:-1] + b"!", ModelRefusedError, "SHA-256"),
        (lambda a: a[: len(a) // 2], FetchError, "ended after"),
        (lambda a: b"", FetchError, "ended after 0"),
        (lambda a: a + b"more", ModelRefusedError, "larger than"),
    ],
)
def test_another_archive_under_the_same_name_is_refused(zoo, change, kind, why):
    with pytest.raises(kind, match=why):
        zoo.pull(zoo.links(change(zoo.archive)))
    assert zoo.left() == set()


def test_archives_that_lie_about_their_content_are_refused(zoo):
    def member(role, **fields):
        members = zoo.members()
        members[role] |= fields
        return members

    for members, why in [
        (member("cfg", path="tinyzoo-1.0/none.cfg"), "holds no file"),
        (member("cfg", size=5), "holds no file"),
        (member("weights", sha256="0" * 64), "net.weights has SHA-256"),
    ]:
        with pytest.raises(ModelRefusedError, match=why):
            zoo.pull(zoo.links(), members=members)
    # Cut short, the stream ends inside a member or between two: it depends on the times of the files packed.
    for junk in (b"junk" * 100, zoo.archive[:600]):
        with pytest.raises(ModelRefusedError, match=r"cannot be read|holds no file"):
            zoo.pull(zoo.links(junk), archive=junk)
    with pytest.raises(ModelRefusedError, match=r"the file for tiny has SHA-256"):
        zoo.pull(zoo.links(), sha256="0" * 64)
    # The right bytes, catalogued as what they are not.
    with pytest.raises(ModelRefusedError, match="fails the step 'layout'"):
        zoo.pull(zoo.links(), classes=["car"])
    assert zoo.left() == set()


def test_an_index_with_a_password_is_asked_with_it_and_never_quoted(zoo, index, caplog):
    caplog.set_level(logging.DEBUG)
    index.password = SECRET
    zoo.catalog()
    for url in (index.url(), index.url("user:wrong-" + SECRET + "@")):
        with pytest.raises(FetchError) as caught:
            zoo.pull(settings([url]))
        assert SECRET not in str(caught.value)
        assert "127.0.0.1" in str(caught.value)
    where = settings([index.url(f"user:{SECRET}@")])
    assert SECRET not in repr(where)
    index.files = {zoo.name: zoo.archive[:-1] + b"!"}
    with pytest.raises(ModelRefusedError) as refused:
        zoo.pull(where)
    index.stall_after = 100
    index.files = {zoo.name: zoo.archive}
    with pytest.raises(FetchError) as stalled:
        zoo.pull(IndexSettings(where.index_urls, (), (), None, 0.3))
    for error in (refused.value, stalled.value):
        assert SECRET not in str(error) + repr(error.args)
    index.stall_after = None
    index.password = None
    index.redirect = index.url().replace("/simple", f"/signed/{zoo.name}?signature={SECRET}")
    with pytest.raises(FetchError, match="answered 404"):
        zoo.pull(where)
    index.password, index.redirect = SECRET, None
    assert zoo.pull(where).fetched
    assert SECRET not in caplog.text


def test_one_index_that_does_not_answer_does_not_stop_the_others(zoo, index):
    dead = settings(["http://127.0.0.1:9/simple", index.url()], ("/no/such/folder",))
    assert zoo.pull(dead).fetched


def test_an_index_without_the_archive_says_so(zoo, index):
    index.files = {"tinyzoo-2.0.tar.gz": zoo.archive}
    with pytest.raises(FetchError, match=r"has no tinyzoo-1.0.tar.gz.*copy the model here"):
        zoo.pull(settings([index.url()]))
    with pytest.raises(FetchError, match="no index is configured"):
        zoo.pull(settings())
    assert not any(path.startswith("/files/") for path in index.asked)


def test_a_copy_on_this_machine_will_do(zoo, tmp_path):
    archive = tmp_path / "拷贝 copy.tar.gz"
    archive.write_bytes(zoo.archive)
    made = pull("tiny", source=archive, store=zoo.store, catalog=zoo.catalog(), settings=settings())
    graph = tmp_path / "graph.onnx"
    graph.write_bytes(GRAPH)
    made.path.unlink()
    assert pull("tiny", source=graph, store=zoo.store, catalog=zoo.catalog(), settings=settings()).fetched
    made.path.unlink()
    graph.write_bytes(GRAPH + b"\0")
    with pytest.raises(ModelRefusedError, match="has SHA-256"):
        pull("tiny", source=graph, store=zoo.store, catalog=zoo.catalog(), settings=settings())
    with pytest.raises(ModelMissingError, match="no such file"):
        pull("tiny", source=tmp_path / "none", store=zoo.store, catalog=zoo.catalog(), settings=settings())


def test_addresses_are_https_from_end_to_end(zoo, index, monkeypatch):
    from models.fetch import client as client_module

    url = "https://127.0.0.1/files/tiny.onnx?token=" + SECRET
    catalog = zoo.catalog(sources=[{"kind": "url", "url": url}])
    with pytest.raises(FetchError, match=r"failed after 0 of") as caught:
        pull("tiny", store=zoo.store, catalog=catalog, settings=settings())
    assert SECRET not in str(caught.value)
    # A redirection to plain http is not followed.
    out = io.BytesIO()
    index.redirect = "http://127.0.0.1/elsewhere"
    with client_module.client(settings()) as session, pytest.raises(FetchError, match="away from, https"):
        client_module.download(
            session, index.url().replace("/simple", "/files/x"), out, size=9, https_only=True, report=lambda p: None
        )
    index.redirect = index.url().replace("/simple", "/files/again")
    with client_module.client(settings()) as session, pytest.raises(FetchError, match="redirections"):
        client_module.download(session, index.redirect, out, size=9, https_only=False, report=lambda p: None)
    assert out.getvalue() == b""


def test_what_has_no_public_place_says_so(tmp_path):
    with pytest.raises(ModelMissingError, match="--from FILE"):
        pull("yolov8n-int8", store=ModelStore(tmp_path))
    with pytest.raises(ModelMissingError, match=r"exported on this machine from yolo11n.pt.*AGPL"):
        pull("yolo11n", store=ModelStore(tmp_path))
    with pytest.raises(ModelMissingError, match="no model is called"):
        pull("yolo12n", store=ModelStore(tmp_path))


CHILD = """
import sys
from pathlib import Path
from models.catalog import load_catalog
from models.fetch.pip_config import IndexSettings
from models.pull import pull
from models.store import ModelStore
store, catalog, url, stop = sys.argv[1:]
def report(progress):
    if f"{progress.stage}{progress.done}" == stop or (stop == "download" and progress.done > 0):
        print("here", flush=True)
        sys.stdin.read()
pull("tiny", store=ModelStore(Path(store)), catalog=load_catalog([Path(catalog)]),
     settings=IndexSettings((url,), (), (), None, 30.0), progress=report)
"""


@pytest.mark.parametrize("stop", ["download", "extract1", "convert1", "check0"])
def test_a_pull_that_is_killed_leaves_nothing_half(zoo, index, stop):
    zoo.catalog()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(zoo.store.folder), str(zoo.catalog_path), index.url(), stop],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"here\n"
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert zoo.left() == set()
    # What a kill between writing and renaming leaves is cleared away by the next pull.
    (zoo.store.folder / f"tmpabc{PARTIAL}").write_bytes(GRAPH[:100])
    made = zoo.pull(settings([index.url()]))
    assert made.fetched
    assert zoo.left() == {made.path.name}


def test_pulls_at_the_same_time_fetch_once(zoo, index):
    catalog = zoo.catalog()
    results, where = [], settings([index.url()])
    threads = [
        threading.Thread(target=lambda: results.append(pull("tiny", store=zoo.store, catalog=catalog, settings=where)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(r.fetched for r in results) == [False, False, False, True]
    assert sum(path.startswith("/files/") for path in index.asked) == 1


def test_a_folder_that_cannot_be_written_is_told(zoo):
    zoo.store.folder.parent.mkdir(exist_ok=True)
    zoo.store.folder.write_text("a file, not a folder")
    with pytest.raises(FetchError, match=r"folder for models.*STREETPROOF_MODELS"):
        zoo.pull(zoo.links())


@pytest.fixture
def home(tmp_path):
    def write(where: str, text: str) -> None:
        path = tmp_path / where
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    environ = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "xdg"), "PIP_CONFIG_FILE": ""}
    return write, environ


def test_pips_configuration_is_read_as_pip_reads_it(home, tmp_path):
    write, environ = home
    base = {**environ, "PIP_INDEX_URL": "https://a/simple", "PIP_EXTRA_INDEX_URL": " ", "PIP_FIND_LINKS": "~/wheels /x"}
    found = index_settings(base)
    assert found.index_urls == ("https://a/simple",)
    assert found.find_links == (os.path.expanduser("~/wheels"), "/x")
    write(".pip/pip.conf", "[global]\nindex-url = https://old/simple\ntrusted-host = h1\n  h2\n")
    write(".config/pip/pip.conf", "[global]\nindex_url = https://user/simple\n[install]\ntimeout = 7\ncert = /c.pem\n")
    found = index_settings(environ)
    assert found.index_urls[0] == "https://user/simple"
    assert {"h1", "h2"} <= set(found.trusted_hosts)
    assert found.timeout_s == 7.0
    assert str(found.certificates) == "/c.pem"
    write("extra.conf", "[global]\nextra-index-url =\n  https://b/simple\n  https://c/simple\n")
    named = {**environ, "PIP_CONFIG_FILE": str(tmp_path / "extra.conf"), "PIP_INDEX_URL": "https://env/simple"}
    assert index_settings(named).index_urls == ("https://env/simple", "https://b/simple", "https://c/simple")
    assert index_settings({**named, "PIP_NO_INDEX": "1"}).index_urls == ()
    assert index_settings({"PIP_CONFIG_FILE": os.devnull}).index_urls == ("https://pypi.org/simple",)
    assert index_settings({"PIP_CONFIG_FILE": os.devnull, "PIP_TIMEOUT": "soon"}).timeout_s == 15.0


def test_a_configuration_that_cannot_be_read_is_told_without_quoting_it(home, tmp_path):
    write, environ = home
    write("bad.conf", f"https://user:{SECRET}@host\n")
    with pytest.raises(FetchError, match=r"bad.conf") as caught:
        index_settings({**environ, "PIP_CONFIG_FILE": str(tmp_path / "bad.conf")})
    assert SECRET not in str(caught.value)


def test_certificates_that_cannot_be_read_are_told(zoo, tmp_path):
    for bad in ("none.pem", "bad.pem"):
        (tmp_path / "bad.pem").write_text("no certificate")
        with pytest.raises(FetchError, match=r"certificates to trust.*PIP_CERT"):
            zoo.pull(IndexSettings((), ("/x",), (), tmp_path / bad, 5.0))
