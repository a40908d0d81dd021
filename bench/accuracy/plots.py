"""Two plots as inline SVG."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from math import sqrt
from typing import Any

from bench.accuracy.hours import condition_of

_LEFT, _WIDTH, _BAR = 190, 640, 9
AIM = 0.95
_CAP_S = 30.0
"""Arrivals that are off by more are drawn here."""


def f1_plot(result: Mapping[str, Any], colours: Mapping[str, str]) -> str:
    """A group of bars for each condition."""
    marks = []
    rows = _rows(result)
    step = len(rows) * _BAR + 8
    for index, condition in enumerate(result["conditions"]):
        top = index * step + 4
        marks.append(_label(condition, top + len(rows) * _BAR / 2 + 4))
        for number, name in enumerate(rows):
            one = rows[name]["conditions"].get(condition)
            if one is None or one["f1"] is None:
                continue
            y, width = top + number * _BAR, one["f1"] * _WIDTH
            marks.append(
                f"<rect x='{_LEFT}' y='{y}' width='{width:.1f}' height='{_BAR - 1}' fill='{colours[name]}'>"
                f"<title>{escape(name)}: {one['f1']:.3f}</title></rect>"
                f"<text x='{_LEFT + width + 4:.1f}' y='{y + 8}' font-size='9' "
                f"stroke='#fff' stroke-width='3' paint-order='stroke'>{one['f1']:.2f}</text>"
            )
    height = len(result["conditions"]) * step + 8
    aim = _LEFT + AIM * _WIDTH
    # Below the numbers, which have a white rim.
    marks.insert(0, f"<line x1='{aim}' x2='{aim}' y1='0' y2='{height}' stroke='#888' stroke-dasharray='3 3'/>")
    return _svg(marks, height)


def arrival_plot(result: Mapping[str, Any], colours: Mapping[str, str]) -> str:
    """A dot for each found stay: how many seconds its arrival is off, on a line for each contender."""
    marks = []
    rows = _rows(result)
    step = len(rows) * _BAR + 8
    height = len(result["conditions"]) * step + 22
    for second in (0, 2, 5, 10, 20, 30):
        x = _x(second)
        marks.append(f"<line x1='{x}' x2='{x}' y1='0' y2='{height - 16}' stroke='#e4e4e4'/>")
        text = f"{second} s" if second < _CAP_S else f"{second} s +"
        marks.append(f"<text x='{x}' y='{height - 3}' font-size='10' text-anchor='middle'>{text}</text>")
    for index, condition in enumerate(result["conditions"]):
        top = index * step + 4
        marks.append(_label(condition, top + len(rows) * _BAR / 2 + 4))
        for number, name in enumerate(rows):
            y = top + number * _BAR + 4
            for value in rows[name]["arrivals_s"].get(condition, ()):
                marks.append(
                    f"<circle cx='{_x(value):.1f}' cy='{y}' r='3.2' fill='{colours[name]}' fill-opacity='.55'/>"
                )
    return _svg(marks, height)


def _rows(result: Mapping[str, Any]) -> Mapping[str, Any]:
    rows: Mapping[str, Any] = result["contenders"]
    return rows


def _x(seconds: float) -> float:
    """Small errors get more room."""
    return _LEFT + _WIDTH * sqrt(min(seconds, _CAP_S) / _CAP_S)


def _label(condition: str, y: float) -> str:
    text = f"{condition} {condition_of(condition).zh}"
    return f"<text x='{_LEFT - 8}' y='{y:.1f}' font-size='12' text-anchor='end'>{escape(text)}</text>"


def _svg(marks: list[str], height: float) -> str:
    width = _LEFT + _WIDTH + 50
    return f"<svg viewBox='0 0 {width} {height:.0f}' width='100%' role='img'>{''.join(marks)}</svg>"
