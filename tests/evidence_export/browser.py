"""`verify.html` in a real browser without a network, and what it says beside what the verifier for Python says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from evidence_export.standalone.html import html_bytes
from evidence_export.verifier import Outcome, verify

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium")
ELSEWHERE = {"case": {9, 10, 11, 12}, "release": {11, 12, 13, 14}, "recheck": {8, 9}}
"""Steps that the page leaves to the verifier for Python."""


@dataclass
class Browser:
    """`asked`: every address that the page asked for. `errors`: what its scripts could not do."""

    page: Page
    asked: list[str]
    errors: list[str]

    def judge(self, path: Path, *, key: str = "", code: str = "") -> dict[str, Any]:
        """Hand a bundle in as a person does; the report that the page shows."""
        page = self.page
        page.evaluate("shown = null; show(); byId('zip').value = byId('folder').value = ''")
        page.fill("#fingerprint", key)
        page.fill("#code", code)
        page.set_input_files("#folder" if path.is_dir() else "#zip", str(path))
        page.wait_for_selector("#result:not([hidden])", timeout=20_000)
        found: dict[str, Any] = page.evaluate("shown")
        return found

    def call(self, function: str, argument: object) -> Any:
        """A function of the page's scripts, on an argument that is JSON."""
        return self.page.evaluate(function, argument)


@contextmanager
def opened(folder: Path) -> Iterator[Browser]:
    """The page, written into `folder` and opened from there."""
    if CHROMIUM is None:
        pytest.skip("needs a browser: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    file = folder / "verify.html"
    file.write_bytes(html_bytes())
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        found = Browser(page, [], [])
        page.on("request", lambda request: found.asked.append(request.url))
        page.on("pageerror", lambda error: found.errors.append(str(error)))
        page.on("console", lambda message: found.errors.append(message.text))
        page.goto(file.as_uri())
        yield found
        browser.close()


def agree(browser: Browser, path: Path, *, key: str | None = None, alike: bool = True) -> dict[str, Any]:
    """Both verifiers on one bundle: each step that both do ends the same way, with the same culprits, and (`alike`) in
    the same words. Returns what the page said."""
    theirs = browser.judge(path, key=key or "")
    ours = verify(path, trusted_key=key)
    assert "steps" in theirs, theirs
    skipped = ELSEWHERE["release" if theirs["isRelease"] else "recheck" if theirs["isRecheck"] else "case"]
    mine = {step.number: step for step in ours.steps}
    assert [step["number"] for step in theirs["steps"]] == list(mine)
    for step in theirs["steps"]:
        wanted = mine[step["number"]]
        assert (step["title"], step["titleZh"]) == (wanted.title, wanted.title_zh)
        if step["number"] in skipped:
            assert step["outcome"] == "elsewhere"
            continue
        said = [one["culprit"] for one in step["findings"]]
        assert (step["outcome"], said) == (wanted.outcome, [one.culprit for one in wanted.findings]), step
        if alike and not (theirs["isRelease"] and wanted.number == 8):  # which counts the steps that it did
            assert step["detail"] == wanted.detail
            assert [one["what"] for one in step["findings"]] == [one.what for one in wanted.findings]
    done = [step for step in ours.steps if step.number not in skipped]
    passed = all(step.outcome is Outcome.PASSED for step in done)
    assert theirs["verdict"] == ("verified" if passed else "failed")
    return theirs


def culprits(report: dict[str, Any]) -> Sequence[str]:
    found: Sequence[str] = report["culprits"]
    return found
