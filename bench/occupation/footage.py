"""Pavements on disk: composed once, kept under a key of all that their pixels are made from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.occupation.scenarios import SCENARIOS, pavement
from bench.occupation.site import MIN_AREA_M2, write_site
from tests.scenes import cutouts, weather
from tests.scenes import pavement as drawing
from tests.scenes.pavement import Pavement, pavement_truth, record


@dataclass(frozen=True, slots=True)
class Footage:
    """One pavement, and where its recording, its truth and its site file lie."""

    scenario: str
    seed: int
    pavement: Pavement
    key: str
    video: Path
    truth: Path
    site: Path

    @property
    def made(self) -> bool:
        """Whether it was composed."""
        return self.video.exists()

    def make(self) -> None:
        """Compose it, if that was not done before; truth and site file are written anew each time."""
        if not self.made:
            record(self.pavement, self.video, MIN_AREA_M2, SCENARIOS[self.scenario].encoding)
        for path in (self.truth, self.site):
            path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(pavement_truth(self.pavement, MIN_AREA_M2), indent=1, ensure_ascii=False)
        self.truth.write_text(text + "\n", encoding="utf-8")
        write_site(self.site, self.pavement)


def footage(scenario: str, seed: int, folder: Path) -> Footage:
    """The pavement of a scenario and a seed in `folder`; nothing is made yet."""
    script = pavement(SCENARIOS[scenario], seed)
    made_of = f"{script!r}{SCENARIOS[scenario].encoding!r}{_code()}"
    named = hashlib.sha256(made_of.encode()).hexdigest()[:12]
    camera = script.view.camera
    # The folder tells versions apart; the name is what the site finds the camera by.
    video = folder / "scenes" / named / f"{camera}.mp4"
    return Footage(
        scenario, seed, script, named, video, folder / "truth" / f"{camera}.json", folder / "sites" / f"{camera}.yaml"
    )


@cache
def _code() -> str:
    """Of what draws: another drawing is another recording."""
    files = [*sorted(Path(drawing.__file__).parent.glob("*.py")), Path(cutouts.__file__), Path(weather.__file__)]
    digest = hashlib.sha256(cutouts.CLIP.read_bytes())
    for file in files:
        if file.name not in ("truth.py", "__init__.py"):
            digest.update(file.read_bytes())
    return digest.hexdigest()
