"""Ground that is taken before a live camera: the daemon and a batch over what it recorded say the same of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.occupation.site import site_of
from evidence_export.verifier import verify
from streetproof.store.database import Store
from tests.ports import reserved_port
from tests.rtsp.server import RtspServer, requires_gstreamer
from tests.scenes import Encoding, Scene
from tests.scenes.pavement import Blocks, Pavement, Piece, Taking, Thing, record
from tests.streetproof.commands import streetproof
from tests.streetproof.daemon.running import RunningDaemon

pytestmark = requires_gstreamer

DWELL_S = 12
COMES_S = 16.0
AREA_M2 = 2.0 * 1.5
HEAP = Thing("heap", Blocks((Piece(2.0, 1.5, 0.5, "carton", 3),)), ((COMES_S, 10.0, 6.5),))
STREET = Pavement(
    Scene(camera="south", seconds=54, fps=Fraction(5), size=(768, 576)),
    (HEAP,),
    (Taking("occupation", ("heap",), COMES_S, None),),
)


@dataclass(frozen=True)
class Live:
    """What the daemon left behind."""

    site: Path
    data: Path
    bundle: Path


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, real_model: str) -> Live:
    """The daemon, until it has sealed its case. Takes as long as the scene."""
    folder = tmp_path_factory.mktemp("ground") / "人行道 一"
    video = record(STREET, folder / "南街 1.mp4", 1.0, Encoding(gop=10, b_frames=0, preset="ultrafast")).video
    site, data = folder / "site.yaml", folder / "data"
    with RtspServer({"/south": video}) as server, reserved_port() as port:
        write_site(site, server.url("/south"), real_model, port)
        with RunningDaemon(site, data) as daemon:
            daemon.wait("connected", 120, camera="south")
            server.remove("/south")  # it is shown once, however long sealing takes
            daemon.wait("case_sealed", 300)
            assert daemon.stop() == 0
            assert [line for line in daemon.logged if line.get("level") in ("error", "critical")] == []
    with Store.open_file(data / "state.db") as store:
        (row,) = store.cases()
        (again,) = store.rechecks.all()
    assert (data / "views" / "south.street").is_file(), "what is known of the street outlives the daemon"
    assert again.asked.case_id == row.id and again.asked.camera == "south"
    return Live(site, data, data / row.bundle)


def write_site(path: Path, url: str, model: str, port: int) -> None:
    content = site_of(STREET)
    (camera,) = content["cameras"]
    del camera["time"]
    camera |= {"recordings": [], "stream": {"main": url}}
    content["policies"][0]["rules"][0] |= {"dwell": f"{DWELL_S}s", "recheck": ["1h"]}
    content |= {
        "model": {"name": model},
        "evidence": {"pre_roll": "4s", "post_roll": "2s"},
        "live": {"listen": f"127.0.0.1:{port}", "segment": "5s", "seal_after": "4s"},
    }
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def case_in(bundle: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((bundle / "case.json").read_bytes())
    return content


def test_the_case_shows_what_took_the_ground_and_the_ground_before(live: Live) -> None:
    assert verify(live.bundle).ok
    case = case_in(live.bundle)
    occupied, before = case["violation"]["occupied"], case["images"]["before"]
    assert occupied["kind"] == "occupation"
    assert float(occupied["area_m2"]) == pytest.approx(AREA_M2, rel=0.2)
    assert before["at"] <= case["violation"]["stay"]["arrived"]["after"], "no later than the last look at free ground"
    assert case["clips"][0]["start"] <= before["at"] and case["continuity"]["clips"] == 1
    assert (live.bundle / before["path"]).is_file()


def test_a_batch_over_what_was_recorded_says_the_same(live: Live, tmp_path: Path) -> None:
    ran = streetproof("batch", live.site, live.data / "recordings", "--out", tmp_path / "out", "--json")
    assert ran.code == 0, ran.err
    (told,) = ran.json["cases"]
    one, other = case_in(live.bundle)["violation"], case_in(tmp_path / "out" / told["bundle"])["violation"]
    for key in ("rule", "zone", "kind", "allowed_ns"):
        assert one[key] == other[key]
    assert one["occupied"]["kind"] == other["occupied"]["kind"]
    area, again = (float(of["occupied"]["area_m2"]) for of in (one, other))
    assert area == pytest.approx(again, rel=0.05)
    arrived, came = one["stay"]["arrived"], other["stay"]["arrived"]
    assert max(arrived["after"], came["after"]) < min(arrived["by"], came["by"]), "the intervals overlap"
