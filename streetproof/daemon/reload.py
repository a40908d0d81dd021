"""Watches the site file. A valid change is taken over camera by camera; an invalid one changes nothing and says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from streams.recorder.durable import make_folder, write_whole
from streetproof.errors import StreetproofError
from streetproof.settings.document import ConfigError
from streetproof.settings.load import LoadedSite, load_site
from streetproof.settings.site import Camera, Site


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to be done so that a new site is in force. Camera ids."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    restarted: tuple[str, ...]
    """Their stream, recording or look is another: their process has to be a new one."""
    ruled: tuple[str, ...]
    """Their rules or zones are others: what stands there is timed anew from now on."""
    model: bool
    needs_restart: tuple[str, ...]
    """Settings that only a restart of the daemon can change."""

    def __bool__(self) -> bool:
        return any((self.added, self.removed, self.restarted, self.ruled, self.model, self.needs_restart))


def live_cameras(site: Site) -> dict[str, Camera]:
    """The cameras that have a stream, by id."""
    return {camera.id: camera for camera in site.cameras if camera.stream is not None}


def changes(old: Site, new: Site) -> Changes:
    """What differs between two sites, in terms of what has to be done."""
    before, after = live_cameras(old), live_cameras(new)
    both = [name for name in after if name in before]
    worker = ("segment", "pre_roll", "pre_roll_mib")
    all_restart = any(getattr(old.live, name) != getattr(new.live, name) for name in worker)
    timezone = old.site.timezone != new.site.timezone
    fixed = {
        "site.id": old.site.id != new.site.id,
        "live.listen": old.live.listen != new.live.listen,
        "live.inference_threads": old.live.inference_threads != new.live.inference_threads,
        "live.inference_batch": old.live.inference_batch != new.live.inference_batch,
        "keys": old.keys != new.keys,
        "database": old.database != new.database,
        "live.notices": old.live.notices != new.live.notices,
    }
    return Changes(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        restarted=tuple(
            name
            for name in both
            if all_restart or before[name].stream != after[name].stream or before[name].look != after[name].look
        ),
        ruled=tuple(name for name in both if timezone or old.rules_of(before[name]) != new.rules_of(after[name])),
        model=old.model != new.model,
        needs_restart=tuple(name for name, differs in fixed.items() if differs),
    )


class SiteFile:
    """The site file as it was read last, and whether it has changed since."""

    def __init__(self, loaded: LoadedSite, check: Callable[[LoadedSite], None]) -> None:
        """`check` raises StreetproofError for a site that is valid by itself but cannot be run here."""
        self.loaded = loaded
        self.error: str | None = None
        self._check = check
        self._met: tuple[int, int, int] | None = None
        """None: what was changed between the reading of `loaded` and now is met by the first poll."""

    def poll(self) -> LoadedSite | None:
        """The new site where the file has changed and is valid; call it every few seconds."""
        mark = self._mark()
        if mark is None or mark == self._met:
            return None
        self._met = mark
        return self.read()

    def read(self) -> LoadedSite | None:
        """Read the file now. None where it is as before, or invalid: then `error` says why."""
        try:
            loaded = load_site(self.loaded.path)
            if loaded.sha256 != self.loaded.sha256:
                self._check(loaded)
        except StreetproofError as error:
            self.error = " ".join(str(error).split())
            return None
        self.error = None
        if loaded.sha256 == self.loaded.sha256:
            return None
        self.loaded = loaded
        return loaded

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            status = self.loaded.path.stat()
        except OSError:
            return None  # being replaced just now: an editor writes a new file and renames it
        return status.st_ino, status.st_size, status.st_mtime_ns


def kept_copy(folder: Path, loaded: LoadedSite) -> Path:
    """Keep the exact site file that is in force under its hash, so that a case can name it and be made from it.

    A copy that was damaged meanwhile is put right. Raises ConfigError where the disk does not take it: without it no
    case could be made.
    """
    place = folder / f"{loaded.sha256}.yaml"
    content = loaded.document.content
    try:
        if not place.is_file() or place.read_bytes() != content:
            make_folder(folder)
            write_whole(place, content)
    except OSError as error:
        raise ConfigError(
            f"the copy of the site file that cases are made from cannot be written: {error.strerror}",
            where=str(place),
            remedy="Check the disk and who may write to the data folder, then save the site file again",
        ) from error
    return place
