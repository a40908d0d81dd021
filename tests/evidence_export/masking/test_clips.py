"""The masked clip itself: its times, its file, and what must not have changed."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from evidence_export.errors import MaskError
from evidence_export.masking.clips import Timed, look_through, mask_all_but_vehicle, mask_clip
from evidence_export.masking.frames import Clip, mosaic, paint_planes, views
from evidence_export.masking.interface import Settings, Thing
from evidence_export.masking.looking import Looker
from evidence_export.masking.own import Own
from evidence_export.masking.plan import Plan, TimedLook, plan_of
from evidence_export.masking.things import Look
from streams.packets import PacketStream, probe
from tests.evidence_export.masking.told import (
    CROWDED,
    SIZE,
    START_NS,
    Told,
    lumas,
    own,
    secrets,
    shown,
    timed,
)


def nobody(path: Path, areas: list[tuple[float, float, float, float]]) -> tuple[Timed, Plan]:
    """A clip, and a plan that paints the same over in every frame."""

    class Fixed(Plan):
        def areas(self, seconds: float) -> list[tuple[float, float, float, float]]:
            return areas

    clip = Timed(Clip(path), START_NS, 0)
    none = Own("car", (), None, None, None)
    return clip, Fixed(clip.clip.size, none, START_NS, looks=(TimedLook(0.0, START_NS, Look()),))


def irregular(path: Path, codec: str, *, sound: bool = False) -> list[Fraction]:
    """A clip with uneven times, B-frames, a first frame that is not at 0, and tags; returns when frames are shown."""
    rng = np.random.default_rng(5)
    steps = np.cumsum(rng.integers(1500, 9000, 40)) + 4500
    with av.open(str(path), "w", format="mp4", container_options={"video_track_timescale": "90000"}) as out:
        out.metadata["title"] = "SECRET-TITLE"
        out.metadata["comment"] = "SECRET-COMMENT"
        options = {"bf": "2", "x265-params": "log-level=none:bframes=2", "x264-params": "bframes=2"}
        stream = out.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 90000)
        track = out.add_stream("aac", rate=8000) if sound else None
        for number, pts in enumerate(steps):
            image = rng.integers(0, 255, (180, 320, 3), np.uint8) // 4 + 60 + number
            frame = av.VideoFrame.from_ndarray(image.astype(np.uint8), "bgr24")
            frame.pts, frame.time_base = int(pts), Fraction(1, 90000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if track is not None:
            noise = av.AudioFrame.from_ndarray(rng.normal(0, 0.2, (1, 8000)).astype(np.float32), "fltp", "mono")
            noise.sample_rate, noise.pts = 8000, 0
            out.mux(track.encode(noise))
            out.mux(track.encode(None))
    return times(path)


def times(path: Path) -> list[Fraction]:
    probed = probe(path)
    with PacketStream(path, ordinal=probed.ordinal) as packets:
        return sorted(one.pts * probed.info.time_base for one in packets)


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_each_frame_is_shown_at_exactly_the_time_of_the_original(tmp_path: Path, codec: str) -> None:
    original = irregular(tmp_path / "clip.mp4", codec)
    clip, plan = nobody(tmp_path / "clip.mp4", [(100.0, 50.0, 200.0, 120.0)])
    counts = mask_clip(clip, plan, tmp_path / "masked.mp4", lambda *_: None)
    assert times(tmp_path / "masked.mp4") == original
    assert counts.frames == counts.painted == len(original) == 40
    assert len(lumas(tmp_path / "masked.mp4")) == 40


def test_neither_sound_nor_tags_nor_a_packet_of_the_original_survives(tmp_path: Path) -> None:
    irregular(tmp_path / "clip.mp4", "libx264", sound=True)
    data = (tmp_path / "clip.mp4").read_bytes()
    assert b"SECRET-TITLE" in data, "else this test cannot fail"
    clip, plan = nobody(tmp_path / "clip.mp4", [])
    mask_clip(clip, plan, tmp_path / "masked.mp4", lambda *_: None)
    masked = (tmp_path / "masked.mp4").read_bytes()
    assert b"SECRET" not in masked
    with av.open(str(tmp_path / "masked.mp4")) as box:
        assert [one.type for one in box.streams] == ["video"]
        assert set(box.metadata) <= {"major_brand", "minor_version", "compatible_brands"}
        assert set(box.streams.video[0].metadata) <= {"language", "handler_name", "vendor_id"}
    with av.open(str(tmp_path / "clip.mp4")) as box:
        packets = [bytes(one) for one in box.demux(video=0) if one.size > 64]
    assert packets and all(one[-48:] not in masked for one in packets)


def test_what_is_painted_over_holds_nothing_of_the_original_in_any_plane(tmp_path: Path) -> None:
    """Also at the edges of the picture and where an area ends between two pixels that share their colour."""
    irregular(tmp_path / "clip.mp4", "libx264")
    areas = [(-20.0, -5.0, 41.0, 33.0), (281.3, 151.7, 400.0, 300.0), (101.0, 51.0, 151.0, 91.0)]
    clip, plan = nobody(tmp_path / "clip.mp4", areas)
    mask_clip(clip, plan, tmp_path / "masked.mp4", lambda *_: None)
    with av.open(str(tmp_path / "masked.mp4")) as box:
        for frame in box.decode(video=0):
            planes = views(frame.to_ndarray(format="yuv420p"), (320, 180))
            for x1, y1, x2, y2 in ((0, 0, 41, 33), (282, 152, 320, 180), (101, 51, 151, 91)):
                luma = planes[0][y1:y2, x1:x2].astype(int)
                # What the codec does at the border of an area reaches a few pixels into it, and holds nothing of it.
                assert np.abs(luma - 114).max() <= 24 and luma.std() < 2
                assert np.abs(luma[8:-8, 8:-8] - 114).max() <= 4
                for plane in planes[1:]:
                    assert np.abs(plane[y1 // 2 : y2 // 2, x1 // 2 : x2 // 2].astype(int) - 128).max() <= 24


def test_painting_takes_every_pair_of_pixels_that_a_box_touches() -> None:
    planes = np.zeros((36, 32), np.uint8)
    paint_planes(planes, (32, 24), [(5.0, 5.0, 7.0, 7.0)])
    luma, u, v = views(planes, (32, 24))
    assert (luma[4:8, 4:8] == 114).all() and luma.sum() == 16 * 114
    assert (u[2:4, 2:4] == 128).all() and (v[2:4, 2:4] == 128).all() and u.sum() == v.sum() == 4 * 128
    paint_planes(planes, (32, 24), [(-50.0, -50.0, -1.0, 100.0), (40.0, 0.0, 50.0, 10.0), (9.0, 9.0, 3.0, 3.0)])
    assert luma.sum() == 16 * 114, "what lies outside of the picture, or is no box, paints nothing"


def test_the_cases_vehicle_is_what_it_was(crowded: Path, masked: Path) -> None:
    """Where nobody stands before it, its pixels differ by what the codec does, and by no more."""
    areas = json.loads((masked / "areas.json").read_text())
    x1, y1, x2, y2 = (round(v) for v in own().place(SIZE) or ())
    free = 0
    for index, (a, b) in enumerate(zip(lumas(crowded), lumas(masked / "masked.mp4"), strict=True)):
        if any(box[0] < x2 and box[2] > x1 and box[1] < y2 and box[3] > y1 for box in areas[index]):
            continue
        free += 1
        apart = np.abs(a[y1:y2, x1:x2].astype(int) - b[y1:y2, x1:x2])
        assert apart.mean() < 2 and apart.max() < 40
    assert free > 20, "it has to be free in some frames"


def test_somebody_before_the_vehicle_is_masked_over_it(masked: Path) -> None:
    assert not [one for one in shown(lumas(masked / "masked.mp4")) if one[1] == "before"]


def test_the_same_clip_gives_the_same_bytes(tmp_path: Path) -> None:
    irregular(tmp_path / "clip.mp4", "libx264")
    for name in ("a.mp4", "b.mp4"):
        clip, plan = nobody(tmp_path / "clip.mp4", [(100.0, 50.0, 200.0, 120.0)])
        mask_clip(clip, plan, tmp_path / name, lambda *_: None)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_another_vehicle_that_stood_there_before_is_another(crowded: Path) -> None:
    """The case's arrived after five seconds: what the same place shows before is not it, and its plate is masked."""
    arrived = START_NS + 5 * 10**9
    late = own(since_ns=arrived, arrived_ns=arrived)
    looker = Looker(Told(CROWDED))
    place = late.place(SIZE)
    assert place is not None
    plan = look_through(timed(crowded), looker, late, Settings(motion=False), lambda *_: None)
    plate = (place[0] + 0.1 * (place[2] - place[0]), place[1] + 0.72 * (place[3] - place[1]))

    def masked(seconds: float) -> bool:
        return any(a[0] <= plate[0] <= a[2] and a[1] <= plate[1] <= a[3] for a in plan.areas(seconds))

    assert masked(0.0) and masked(1.0)
    always = look_through(timed(crowded), looker, own(), Settings(motion=False), lambda *_: None)
    assert not any(a[0] <= plate[0] <= a[2] and a[1] <= plate[1] <= a[3] for a in always.areas(0.0))


def test_a_vehicle_behind_the_own_one_does_not_hide_it() -> None:
    mine = Own("car", ((0.4, 0.4, 0.6, 0.6),), None, None, None)
    behind = Thing.whole("bus", (300.0, 200.0, 620.0, 300.0))
    nearer = Thing.whole("bus", (300.0, 200.0, 620.0, 420.0))
    for other, hides in ((behind, False), (nearer, True)):
        plan = plan_of([TimedLook(0.0, 0, Look(vehicles=(other,)))], mine, (768, 576), Settings())
        over = [a for a in plan.areas(0.0) if a[0] < 384 < a[2] and a[1] < 288 < a[3]]
        assert bool(over) is hides
        assert any(a[0] < 610 < a[2] and a[1] < 290 < a[3] for a in plan.areas(0.0)), "beside it, it is masked"


def test_all_but_the_vehicle_shows_nothing_else_and_nobody_before_it(crowded: Path, tmp_path: Path) -> None:
    counts, hidden = mask_all_but_vehicle(timed(crowded), None, own(), tmp_path / "masked.mp4", lambda *_: None)
    masked = lumas(tmp_path / "masked.mp4")
    assert counts.frames == counts.painted == CROWDED.frame_count and counts.looked_at == 0
    x1, y1, x2, y2 = (round(v) for v in own().place(SIZE) or ())
    original = lumas(crowded)
    free = [index for index, (_, boxes) in enumerate(hidden) if not boxes]
    assert free, "the vehicle shows"
    inner = slice(y1 + 8, y2 - 8), slice(x1 + 8, x2 - 8)
    for index in free[:5]:
        assert np.abs(masked[index][inner].astype(int) - original[index][inner]).mean() < 3
    # Cells are even: nothing finer than them is left outside of the vehicle's place.
    assert all(luma[8:40, 8:40].std() < 4 for luma in masked[::10])
    heads = 0
    for index in range(CROWDED.frame_count):
        for secret in secrets(CROWDED, index):
            rows = slice(max(secret.rows.start, y1 + 2), min(secret.rows.stop, y2 - 2))
            columns = slice(max(secret.columns.start, x1 + 2), min(secret.columns.stop, x2 - 2))
            if secret.of == "before" and rows.stop - rows.start > 4 and columns.stop - columns.start > 4:
                heads += 1
                part = masked[index][rows, columns].astype(int)
                assert (np.abs(part - 114) > 12).mean() < 0.02, f"frame {index}"
    assert heads > 10


def test_a_mosaic_has_few_cells_and_levels() -> None:
    rng = np.random.default_rng(1)
    planes = rng.integers(0, 256, (576 * 3 // 2, 768), np.uint8).astype(np.uint8)
    luma = views(mosaic(planes, (768, 576)), (768, 576))[0]
    assert len(np.unique(luma)) <= 16
    assert (luma[:48, :48] == luma[0, 0]).all() and (luma[48:96, 48:96] == luma[50, 50]).all()


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"nothing of the kind" * 50)
    with pytest.raises(MaskError):
        Clip(tmp_path / "clip.mp4")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    irregular(tmp_path / "clip.mp4", "libx264")
    clip, plan = nobody(tmp_path / "clip.mp4", [])
    with pytest.raises(MaskError, match="cannot be written"):
        mask_clip(clip, plan, tmp_path / "nowhere" / "masked.mp4", lambda *_: None)
