"""`streetproof recordings`: check the chain of what the daemon recorded, make its index again, let held footage go."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evidence_export.words import Said
from streetproof.cli.exits import EPILOG as EXITS
from streetproof.cli.exits import Exit
from streetproof.cli.language import language_of
from streetproof.cli.officers import Licence, Officer, Why, acting, why_said
from streetproof.cli.options import Json, Lang
from streetproof.cli.output import counted, err, out, print_json, span
from streetproof.cli.refusals import said
from streetproof.errors import StreetproofError

if TYPE_CHECKING:
    from streams.recorder.interface import SegmentRecord

app = typer.Typer(
    help="What the daemon recorded: check it, make its index again, let held footage go.", rich_markup_mode=None
)

CHECK_EPILOG = f"Example: streetproof recordings check /var/lib/streetproof/recordings   ·   {EXITS}"
REBUILD_EPILOG = f"Example: streetproof recordings rebuild /var/lib/streetproof   ·   stop the daemon first. {EXITS}"
RELEASE_EPILOG = (
    "Example: streetproof recordings release /var/lib/streetproof SP-20261123-ZII66HL7MOG3 --reason 已结案 "
    "--officer 李明 --licence 33010012    Exit codes: 0 released · 2 usage · 4 nothing is held for it, or a legal hold "
    "is on the case"
)
_Data = Annotated[Path, typer.Argument(help="The daemon's data folder (its --data).")]
_EVERY_S = 2.0


@app.command(epilog=CHECK_EPILOG)
def check(
    folder: Annotated[Path, typer.Argument(help="Folder of recordings: DATA/recordings.")],
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Read every segment, and see that nothing was changed, removed or exchanged: each names the hash before it."""
    from streams.recorder.chain import Damaged, check_chain, scan
    from streams.recorder.interface import SegmentRecord
    from streams.recorder.names import cameras
    from streams.recorder.tombstones import tombstones

    if not folder.is_dir():
        raise StreetproofError(
            "there is no such folder", where=str(folder), remedy="Name the folder `recordings` of the daemon's data"
        )
    language = lang or language_of(os.environ)
    records: list[SegmentRecord] = []
    damaged: list[Damaged] = []
    last = time.monotonic()
    for item in scan(folder):
        if isinstance(item, SegmentRecord):
            records.append(item)
        else:
            damaged.append(item)
        if not as_json and time.monotonic() - last >= _EVERY_S:
            last = time.monotonic()
            read = Said(f"已读取 {len(records)} 个片段", f"{counted(len(records), 'segment')} read")
            err.print(read.to(language), markup=False)
    stones = [stone for camera in cameras(folder) for stone in tombstones(folder, camera)]
    faults = check_chain(records, stones)
    report = [
        _camera(name, [one for one in records if one.camera == name]) for name in sorted({r.camera for r in records})
    ]
    if as_json:
        print_json(
            {
                "cameras": report,
                "deleted": sum(stone.last - stone.first + 1 for stone in stones),
                "faults": [asdict(fault) for fault in faults],
                "damaged": [{"path": str(one.path), "what": one.what} for one in damaged],
            }
        )
    else:
        for camera in report:
            segments, gaps, newest = camera["segments"], camera["gaps"], camera["newest_sha256"][:16]
            told = Said(
                f"✓ {camera['camera']}：{segments} 个片段，{span(camera['recorded_ns'])}，{gaps} 处缺口，"
                f"最新 {newest}…",
                f"✓ {camera['camera']}: {counted(segments, 'segment')}, {span(camera['recorded_ns'])}, "
                f"{counted(gaps, 'gap')}, newest {newest}…",
            )
            out.print(told.to(language), markup=False)
        colon = Said("：", ": ").to(language)
        for fault in faults:
            out.print(f"✗ {fault.camera}{colon}{said(fault.what, language)}", style="bold red", markup=False)
        for one in damaged:
            out.print(f"✗ {one.path}{colon}{said(one.what, language)}", style="bold red", markup=False)
    if not report:
        raise StreetproofError(
            "there is no segment in this folder",
            where=str(folder),
            remedy="Name the folder `recordings` of the daemon's data",
        )
    if faults or damaged:
        raise typer.Exit(Exit.FAILED)


@app.command(epilog=REBUILD_EPILOG)
def rebuild(data: _Data, as_json: Json = False, lang: Lang = None) -> None:
    """Make the index again from the files, for a database that was lost, damaged or restored."""
    from streetproof.daemon.index import RecordingIndex
    from streetproof.daemon.service import only_daemon
    from streetproof.databases.opening import state_of

    _must_be_data(data)
    with only_daemon(data), state_of(data) as store:
        index = RecordingIndex(store, data / "recordings")
        index.recover_all()
        done = index.rebuild(time.time_ns())
    if as_json:
        print_json(
            {
                "found": done.found,
                "added": done.added,
                "lost": done.lost,
                "damaged": [{"path": str(one.path), "what": one.what} for one in done.damaged],
            }
        )
    else:
        told = Said(
            f"找到 {done.found} 个片段，新增索引 {done.added} 个，缺失且无删除记录 {done.lost} 个，"
            f"损坏 {done.damaged_count} 个",
            f"{counted(done.found, 'segment')} found, {done.added} added to the index, "
            f"{done.lost} gone without a tombstone, {done.damaged_count} damaged",
        )
        out.print(told.to(lang or language_of(os.environ)), markup=False)
    if done.lost or done.damaged_count:
        raise typer.Exit(Exit.FAILED)


@app.command(epilog=RELEASE_EPILOG)
def release(
    data: _Data,
    case: Annotated[str, typer.Argument(help="Id of the case whose footage need no longer be held.")],
    reason: Why,
    officer: Officer,
    licence: Licence,
    as_json: Json = False,
    lang: Lang = None,
) -> None:
    """Let go of the footage that is held for a case 解除录像保全: retention may then delete it. The bundle stays.

    Who let go of it and why is entered in the ledger. A legal hold on the case keeps its footage, and is lifted first.
    """
    from streetproof.cli.database import opened_by
    from streetproof.ledgers import reading
    from streetproof.ledgers.bookkeeping import Bookkeeper

    by, why = acting(officer, licence), why_said(reason)
    _must_be_data(data)
    with opened_by(data, by) as store, reading.opened(data) as ledger:
        released = store.holds.release(case, why)
        Bookkeeper(store, ledger).enter()
    if not released:
        raise StreetproofError(
            f"nothing is held for {case!r}",
            where=str(data),
            remedy="Give the id of a case that this daemon sealed; one that was released before holds nothing any more",
        )
    if as_json:
        print_json({"case": case, "released": released, "reason": why, "by": by})
    else:
        told = Said(f"已解除 {case} 的 {released} 项录像保留", f"{counted(released, 'hold')} of {case} released")
        out.print(told.to(lang or language_of(os.environ)), markup=False)


def _camera(name: str, records: list[SegmentRecord]) -> dict[str, Any]:
    return {
        "camera": name,
        "segments": len(records),
        "recorded_ns": sum(one.closing.end.utc_ns - one.opening.start.utc_ns for one in records),
        "gaps": sum(one.opening.gap_before is not None for one in records),
        "newest_sha256": records[-1].sha256,
    }


def _must_be_data(data: Path) -> None:
    if not (data / "recordings").is_dir():
        raise StreetproofError(
            "this is no data folder of the daemon: it has no `recordings`", where=str(data), remedy="Give its --data"
        )
