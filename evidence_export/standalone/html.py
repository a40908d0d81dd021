"""`verify.html`: the verifier for a browser, in one page without a network (see `web/`).

The page does the steps that need nothing but hashes, signatures and canonical JSON, and says of the others that it
does not do them. Its sentences are those of the verifier for Python. It is the same on every machine that runs the same
version of this software.
"""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files

from evidence_export.verifier import report
from evidence_export.verifier.chinese import SENTENCES
from streetproof.version import __version__

NAME = "verify.html"
_ENGINE = (
    "hashes.js",
    "keys.js",
    "reading.js",
    "layout.js",
    "container.js",
    "manifest.js",
    "bag.js",
    "case.js",
    "ledger.js",
    "release.js",
    "code.js",
    "verify.js",
)
_PAGE = ("say.js", "page.js")
_CLOCKS = [report.RECHECK_CLOCKS_ZH, report.RECHECK_CLOCKS]
"""Of a re-check, in place of the first of `CANNOT_KNOW`."""


def html_bytes() -> bytes:
    """The whole file."""
    engine = f'"use strict";\nconst FACTS = {{}};\n{_sources(_ENGINE)}'
    page = f'"use strict";\nObject.assign(FACTS, {_json(_page_facts())});\n{_sources(_PAGE)}'
    style = _source("style.css")
    policy = (
        f"default-src 'none'; script-src {_hash(engine)} {_hash(page)}; style-src {_hash(style)}; "
        "worker-src blob:; base-uri 'none'; form-action 'none'"
    )
    parts = {"CSP": policy, "VERSION": __version__, "STYLE": style, "ENGINE": engine, "PAGE": page}
    # Split first: nothing that is put in is looked through for names again.
    pieces = _source("page.html").split("@")
    return "".join(parts[one] if place % 2 else one for place, one in enumerate(pieces)).encode()


def _page_facts() -> dict[str, object]:
    always = [
        [zh, en] for zh, en in zip(report.CANNOT_KNOW_ZH, report.CANNOT_KNOW, strict=True) if en != report.UNSTAMPED
    ]
    return {
        "sentences": SENTENCES,
        "cannotKnow": {
            "key": [report.UNKNOWN_KEY_ZH, report.UNKNOWN_KEY],
            "always": always,
            "recheck": [_CLOCKS, *always[1:]],
            "unstamped": [report.UNSTAMPED_ZH, report.UNSTAMPED],
            "ledger": [report.MORE_ENTRIES_ZH, report.MORE_ENTRIES],
            "masked": [report.ALL_MASKED_ZH, report.ALL_MASKED],
        },
    }


def _source(name: str) -> str:
    return files("evidence_export").joinpath("standalone/web", name).read_bytes().decode("utf-8")


def _sources(names: tuple[str, ...]) -> str:
    return "\n".join(_source(name) for name in names)


def _json(value: object) -> str:
    """JSON that may stand within a script."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
