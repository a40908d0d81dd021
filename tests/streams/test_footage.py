"""Real footage: the demo clip, and what else lies beside the repository on a developer's machine."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from streams.archive.reader import open_archive
from streams.cut import Framing, Timing, cut
from streams.interface import DecodeLevel

ROOT = Path(__file__).parents[2]
FOOTAGE = sorted((ROOT / "configs" / "demo").rglob("*.mp4")) + sorted(
    (ROOT.parent / "shared/footage").glob("*.[am][vp][i4]")
)


@pytest.mark.parametrize("path", FOOTAGE, ids=lambda p: p.name)
def test_real_footage(path, rules, tmp_path):
    source = open_archive(path, "real", rules)
    every = list(source.frames(DecodeLevel.EVERY_FRAME))
    with av.open(str(path)) as container:
        plain = [f.pts for f in container.decode(video=0)]
    assert [f.pts for f in every] == plain
    keys = [f.pts for f in source.frames(DecodeLevel.KEYFRAMES)]
    assert keys == [f.pts for f in every if f.key]
    sampled = [f.at.utc_ns for f in source.frames(DecodeLevel.SAMPLED, rate=Fraction(1))]
    span_s = (every[-1].at.utc_ns - source.start.utc_ns) // 10**9
    assert len(sampled) == span_s + 1
    middle = plain[len(plain) // 2], plain[len(plain) // 2 + 20]
    made = cut(path, *middle, tmp_path / "clip")
    assert (made.framing, made.timing) == (Framing.IDENTICAL, Timing.EXACT)
    with av.open(str(path)) as whole, av.open(str(made.path)) as part:
        payloads = [bytes(p) for p in whole.demux(video=0) if p.size]
        clip = [bytes(p) for p in part.demux(video=0) if p.size]
    assert any(payloads[k : k + len(clip)] == clip for k in range(len(payloads)))
    assert source.coverage().gaps == ()
