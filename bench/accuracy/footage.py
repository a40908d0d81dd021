"""Scenes on disk: composed once, kept under a key of all that their pixels are made from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from bench.accuracy.conditions import scene
from bench.accuracy.hours import condition_of
from bench.accuracy.truth import accuracy_truth
from bench.recording import key
from tests.scenes import Scene, compose


@dataclass(frozen=True, slots=True)
class Footage:
    """One scene, and where its recording and its truth lie."""

    condition: str
    seed: int
    scene: Scene
    key: str
    video: Path
    truth: Path

    @property
    def made(self) -> bool:
        """Whether it was composed."""
        return self.video.exists()

    def make(self) -> None:
        """Compose it, if that was not done before; the truth is written anew each time."""
        if not self.made:
            compose(self.scene, self.video, condition_of(self.condition).encoding)
        self.truth.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(accuracy_truth(self.scene), indent=1, ensure_ascii=False)
        self.truth.write_text(text + "\n", encoding="utf-8")


def footage(condition: str, seed: int, folder: Path) -> Footage:
    """The scene of a condition and a seed in `folder`; nothing is made yet."""
    asked = condition_of(condition)
    script = scene(asked, seed)
    # The folder tells versions apart; the name is what the site finds the camera by.
    named = key(script, asked.encoding)
    video = folder / "scenes" / named / f"{script.camera}.mp4"
    return Footage(condition, seed, script, named, video, folder / "truth" / f"{script.camera}.json")
