"""The report: one HTML page that needs nothing but itself, with the failures' stills and clips beside it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.accuracy.contenders import Contender, contenders, events
from bench.accuracy.failures import Shown, show_failure
from bench.accuracy.footage import Footage
from bench.accuracy.hours import condition_of, in_table, is_condition
from bench.accuracy.plots import arrival_plot, f1_plot
from bench.accuracy.scoring import Kind, Scored, beside, event_entries, truth_entries
from bench.accuracy.tables import cells
from bench.accuracy.truth import accuracy_truth
from streetproof.evaluation.entries import Entries
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
_WORDS = (
    ("stays", "停留", "Vehicles that could be seen to stand for more than 68 s where 60 s are allowed. "
     "可见停留超过 68 秒的车辆（允许 60 秒）。"),
    ("F1", "", "2 × found / (2 × found + false + missed); duplicates count in cases/stay alone. 重复只计入案件数。"),
    ("cases/stay", "每次停留案件数", "1.00: exactly one case for each stay that was found. 1.00 为每次停留恰好一案。"),
    ("swallowed", "被前车吞并", "Missed, because the case of the vehicle before it went on. 因前车案件延续而漏判。"),
    ("arrival off", "到达误差", "Seconds from the true arrival to the interval that was told; 0 inside of it. "
     "真实到达与判定区间的距离。"),
)  # fmt: skip
_F1_NOTE = "Dashed: the aim, 0.95. A bar of no length is an F1 of 0. 虚线为目标 0.95。"
_ARRIVAL_NOTE = (
    "A dot for each stay that was found; darker: several. The scale is a square root; what is off by more than 30 s "
    "is drawn at 30. 每点为一次停留，颜色深表示重叠；横轴为平方根刻度，超过 30 秒画在 30 处。"
)
_WRONG = "What went wrong"
_WRONG_NOTE = (
    "Three stills each: soon after it began, halfway, shortly before it ended. Yellow: zone. Green: truth. Red: found. "
    "The thick box is the failure. The clip is the scene's own pixels, at most a minute of them. "
    "每例三帧：开始、中段、结束。黄：区域；绿：真值；红：判定；粗框为失败处。片段为原始画面，至多一分钟。"
)
_STYLE = """
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Noto Sans SC",sans-serif;color:#222}
body{max-width:1080px;margin:24px auto;padding:0 16px}
table{border-collapse:collapse;margin:12px 0;font-variant-numeric:tabular-nums}
td:first-child{white-space:nowrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;font-size:14px}dt{font-weight:bold}dd{margin:0}
dt small{font-weight:normal;color:#666}.note{color:#444;font-size:14px}
video{max-width:640px;width:100%;display:block}details{margin:2px 0}h3 small{font-weight:normal;color:#666}
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
    in_order = in_table([one.condition for some in done.values() for one in some])
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

    @cache
    def all_of(camera: str) -> tuple[Entries, Entries]:
        one = by_camera[camera]
        return truth_entries([accuracy_truth(one.scene)]), event_entries([events(who, one, out)])

    for failure in scored.failures:
        counted[failure.condition, failure.kind] += 1
        number = counted[failure.condition, failure.kind]
        if limit is not None and number > limit:
            continue
        footage = by_camera[failure.entry.camera]
        others = beside(failure, *all_of(failure.entry.camera))
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
        _contents(result),
        f"<dl>{''.join(f'<dt>{en} <small>{zh}</small></dt><dd>{what}</dd>' for en, zh, what in _WORDS)}</dl>",
        _key(result),
    ]
    if result["shared"]:
        rows = {name: one["overall"] for name, one in result["shared"].items()}
        parts += [_heading("On the same scenes", "同一批场景"), _table(rows)]
    parts += [_heading("F1 per condition", "各条件 F1"), _note(_F1_NOTE), f1_plot(result, COLOURS)]
    parts += [_heading("How far arrivals are off", "到达时间误差分布"), _note(_ARRIVAL_NOTE)]
    parts.append(arrival_plot(result, COLOURS))
    for name, own in result["contenders"].items():
        rows = {**own["conditions"], "overall": own["overall"]}
        parts += [_heading(f"{name} ({own['model']})", _zh(name)), _table(rows)]
    parts += [_heading(_WRONG, "失败案例"), _note(_WRONG_NOTE)]
    for number, name in enumerate(result["contenders"]):
        own_failures = [one for one in shown if one.failure.contender == name]
        which = "all" if number == 0 else f"the first {FEW} of each condition and kind"
        zh = "全部" if number == 0 else f"每种条件与类型的前 {FEW} 例"
        parts.append(
            f"<h3>{escape(name)}: {which} <small>{escape(_zh(name))}：{zh}（{len(own_failures)}）</small></h3>"
        )
        parts += [_figure(one) for one in own_failures] or ["<p>None. 无。</p>"]
    return "\n".join(parts) + "\n</html>\n"


def _heading(en: str, zh: str) -> str:
    return f"<h2 id='{_anchor(en)}'>{escape(en)} <small>{escape(zh)}</small></h2>"


def _anchor(heading: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in heading.lower())


def _contents(result: Mapping[str, Any]) -> str:
    headings = ["F1 per condition", "How far arrivals are off"]
    headings += [f"{name} ({own['model']})" for name, own in result["contenders"].items()]
    links = (f"<a href='#{_anchor(one)}'>{escape(one)}</a>" for one in (*headings, _WRONG))
    seeds = ", ".join(str(seed) for seed in result["seeds"])
    return f"<p>{' · '.join(links)} · seeds 种子: {seeds}</p>"


def _note(text: str) -> str:
    return f"<p class=note>{text}</p>"


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
        zh = condition_of(name).zh if is_condition(name) else ""
        first = f"<td>{escape(name)} {escape(zh)}</td>"
        style = " class=all" if name == "overall" else ""
        body.append(f"<tr{style}>{first}{''.join(f'<td>{escape(cell)}</td>' for cell in cells(one))}</tr>")
    return f"<table><tr>{head}</tr>{''.join(body)}</table>"


def _figure(one: Shown) -> str:
    failure = one.failure
    en, zh = _KINDS[failure.kind]
    why = ", swallowed by another stay's case 被前车案件吞并" if failure.swallowed else ""
    clip = (
        f"<details><summary>clip 片段</summary><video controls preload=none src='failures/{escape(one.clip)}'></video>"
        f"<a href='failures/{escape(one.clip)}'>{escape(one.clip)}</a></details>"
        if one.clip
        else "<br>no clip: the recording has a hole there 录像缺失，无片段"
    )
    return (
        f"<figure><img loading=lazy src='failures/{escape(one.still)}' alt=''><figcaption>"
        f"<b>{escape(failure.contender)}</b> · {escape(failure.entry.camera)} · {en} {zh}{why} · "
        f"{one.since_s:.0f}–{one.until_s:.0f} s {clip}</figcaption></figure>"
    )
