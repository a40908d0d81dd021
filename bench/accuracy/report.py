"""The report: one HTML page that needs nothing but itself, with the failures' stills and clips beside it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.accuracy.conditions import CONDITIONS
from bench.accuracy.contenders import Contender, contenders, events
from bench.accuracy.failures import Shown, show_failure
from bench.accuracy.footage import Footage
from bench.accuracy.plots import arrival_plot, f1_plot
from bench.accuracy.scoring import Kind, Scored, beside, event_entries, truth_entries
from bench.accuracy.tables import cells
from bench.accuracy.truth import accuracy_truth
from streetproof.evaluation.measures import Scores

COLOURS = {"ours": "#1b7f4d", "ours-bootstrap": "#8fbf9f", "peer": "#c4793a"}
FEW = 2
"""Failures of each condition that are shown of contenders other than the first."""
_KINDS = {Kind.MISSED: ("missed", "漏判"), Kind.FALSE: ("false", "误判"), Kind.DUPLICATE: ("duplicate", "重复")}
_HEADINGS = (
    ("condition", "条件"), ("scenes", "场景"), ("stays", "停留"), ("F1", "F1"), ("precision", "查准率"),
    ("recall", "查全率"), ("cases/stay", "每次停留案件数"), ("swallowed", "被前车吞并"),
    ("arrival off, median s", "到达误差中位"), ("RMSE s", "均方根"), ("max s", "最大"),
)  # fmt: skip
_STYLE = """
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Noto Sans SC",sans-serif;color:#222}
body{max-width:1080px;margin:24px auto;padding:0 16px}
table{border-collapse:collapse;margin:12px 0;width:100%}
th,td{padding:3px 8px;text-align:right;border-bottom:1px solid #ddd}
th:first-child,td:first-child{text-align:left}
th small,h2 small{font-weight:normal;color:#666;display:block}
tr.all td{font-weight:bold;border-top:2px solid #888}
figure{margin:14px 0}figure img{width:100%;display:block}figcaption{color:#444}
.key span{display:inline-block;width:12px;height:12px;margin:0 4px 0 14px;vertical-align:-1px}
"""


def figures(
    scored: Sequence[Scored], shared: Sequence[Scored], done: Mapping[str, Sequence[Footage]], seeds: Sequence[int]
) -> dict[str, Any]:
    """All figures as JSON values."""
    models = {one.name: Path(one.model).name for one in contenders()}
    in_order = [name for name in CONDITIONS if any(one.condition == name for some in done.values() for one in some)]
    together = [one for one in next(iter(done.values())) if all(one in some for some in done.values())]

    def of(one: Scored, scenes: Sequence[Footage]) -> dict[str, Any]:
        counted = Counter(scene.condition for scene in scenes)
        swallowed = Counter(failure.condition for failure in one.failures if failure.swallowed)
        conditions = one.evaluation.conditions
        return {
            "model": models.get(one.contender, ""),
            "overall": _row(one.evaluation.overall, len(scenes), swallowed.total()),
            "conditions": {
                name: _row(conditions[name], counted[name], swallowed[name]) for name in in_order if name in conditions
            },
            "arrivals_s": {name: list(values) for name, values in one.arrivals_s.items()},
        }

    return {
        "seeds": list(seeds),
        "conditions": in_order,
        "contenders": {one.contender: of(one, done[one.contender]) for one in scored},
        "shared": {one.contender: of(one, together) for one in shared},
    }


def _row(scores: Scores, scenes: int, swallowed: int) -> dict[str, Any]:
    return {"scenes": scenes, "swallowed": swallowed, **asdict(scores)}


def write_report(
    folder: Path,
    result: Mapping[str, Any],
    scored: Sequence[Scored],
    done: Mapping[str, Sequence[Footage]],
    chosen: Sequence[Contender],
    out: Path,
    console: Console,
) -> Path:
    """Write the page with its failures anew; its path."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shown = []
    by_name = {one.name: one for one in chosen}
    for number, one in enumerate(scored):
        console.print(f"  stills and clips of {one.contender} ...")
        shown += _failures(one, done[one.contender], by_name[one.contender], folder, out, None if number == 0 else FEW)
    page = folder / "index.html"
    page.write_text(render(result, shown), encoding="utf-8")
    return page


def _failures(
    scored: Scored, scenes: Sequence[Footage], who: Contender, folder: Path, out: Path, limit: int | None
) -> list[Shown]:
    by_camera = {one.scene.camera: one for one in scenes}
    shown, counted = [], Counter[tuple[str, Kind]]()
    for failure in scored.failures:
        counted[failure.condition, failure.kind] += 1
        number = counted[failure.condition, failure.kind]
        if limit is not None and number > limit:
            continue
        footage = by_camera[failure.entry.camera]
        truth = truth_entries([accuracy_truth(footage.scene)])
        others = beside(failure, truth, event_entries([events(who, footage, out)]))
        shown.append(show_failure(failure, footage, others, folder / "failures", number))
    return shown


def render(result: Mapping[str, Any], shown: Sequence[Shown]) -> str:
    """The page as text."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Streetproof accuracy · 准确度</title>",
        f"<style>{_STYLE}</style>",
        "<h1>How well stays are told · 停留判定准确度</h1>",
        "<p>Composed scenes with known truth, scored by <code>streetproof evaluate</code>. "
        "合成场景，真值已知，由 <code>streetproof evaluate</code> 评分。</p>",
        _key(result),
    ]
    if result["shared"]:
        rows = {name: one["overall"] for name, one in result["shared"].items()}
        parts += [_heading("On the same scenes", "同一批场景"), _table(rows)]
    parts += [_heading("F1 per condition", "各条件 F1"), f1_plot(result, COLOURS)]
    parts += [_heading("How far arrivals are off", "到达时间误差分布"), arrival_plot(result, COLOURS)]
    for name, own in result["contenders"].items():
        rows = {**own["conditions"], "overall": own["overall"]}
        parts += [_heading(f"{name} ({own['model']})", _zh(name)), _table(rows)]
    parts.append(_heading("What went wrong", "失败案例"))
    parts.append(
        "<p>Yellow: zone. Green: truth. Red: found. The thick box is the failure. "
        "黄：区域；绿：真值；红：判定；粗框为失败处。</p>"
    )
    parts += [_figure(one) for one in shown]
    return "\n".join(parts) + "\n</html>\n"


def _heading(en: str, zh: str) -> str:
    return f"<h2>{escape(en)} <small>{escape(zh)}</small></h2>"


def _key(result: Mapping[str, Any]) -> str:
    spans = "".join(
        f"<span style='background:{COLOURS[name]}'></span>{escape(name)} {escape(_zh(name))}"
        for name in result["contenders"]
    )
    return f"<p class=key>{spans}</p>"


def _zh(name: str) -> str:
    return next((one.zh for one in contenders() if one.name == name), "")


def _table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    head = "".join(f"<th>{escape(en)}<small>{escape(zh)}</small></th>" for en, zh in _HEADINGS)
    body = []
    for name, one in rows.items():
        zh = CONDITIONS[name].zh if name in CONDITIONS else ""
        first = f"<td>{escape(name)} {escape(zh)}</td>"
        style = " class=all" if name == "overall" else ""
        body.append(f"<tr{style}>{first}{''.join(f'<td>{escape(cell)}</td>' for cell in cells(one))}</tr>")
    return f"<table><tr>{head}</tr>{''.join(body)}</table>"


def _figure(one: Shown) -> str:
    failure = one.failure
    en, zh = _KINDS[failure.kind]
    why = ", swallowed by another stay's case 被前车案件吞并" if failure.swallowed else ""
    clip = f" · <a href='failures/{escape(one.clip)}'>clip 片段</a>" if one.clip else ""
    return (
        f"<figure><img loading=lazy src='failures/{escape(one.still)}' alt=''><figcaption>"
        f"<b>{escape(failure.contender)}</b> · {escape(failure.entry.camera)} · {en} {zh}{why} · "
        f"{one.since_s:.0f}–{one.until_s:.0f} s{clip}</figcaption></figure>"
    )
