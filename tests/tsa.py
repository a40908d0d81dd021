"""A time-stamping authority of the tests' own: `openssl ts` behind an HTTP server."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_REQUEST = "[req]\ndistinguished_name=dn\n[dn]\n"
_CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
[leaf]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
"""
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Tsa:
    """Answers POSTs while `up`; `answer` overrules what it says."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        (folder / "config").write_text(_REQUEST + _CONFIG.format(folder=folder), encoding="utf-8")
        (folder / "serial").write_text("01\n", encoding="utf-8")
        config = ("-config", "config")
        self._openssl("req", "-x509", *_NEW_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj",
                      "/CN=Test TSA root", *config, "-extensions", "root")  # fmt: skip
        self._openssl("req", *_NEW_KEY, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Test TSA", *config)
        self._openssl("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
                      "tsa.pem", "-days", "30", "-extfile", "config", "-extensions", "leaf")  # fmt: skip
        self.ca = folder / "ca.pem"
        self.up = True
        self.answer: bytes | None = None
        self.asked = 0
        self.url = ""
        self._lock = threading.Lock()

    def stamp(self, question: bytes) -> bytes:
        """The response to a question, as `openssl` gives it."""
        with self._lock:
            (self._folder / "question").write_bytes(question)
            self._openssl("ts", "-reply", "-config", "config", "-queryfile", "question", "-out", "response")
            return (self._folder / "response").read_bytes()

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self._folder, capture_output=True, check=True, timeout=60)


@contextmanager
def serving(folder: Path) -> Iterator[Tsa]:
    """A running authority."""
    tsa = Tsa(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            tsa.asked += 1
            question = self.rfile.read(int(self.headers["Content-Length"]))
            if not tsa.up:
                self.send_error(503)
                return
            answer = tsa.answer if tsa.answer is not None else tsa.stamp(question)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tsa.url = f"http://127.0.0.1:{server.server_address[1]}/tsa?account=geheim"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield tsa
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
