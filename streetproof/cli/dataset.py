"""`streetproof dataset check | export`: data sets to train models from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streetproof.cli.exits import Exit
from streetproof.cli.officers import Licence, Officer, Purpose
from streetproof.cli.options import Json, Store, store_at
from streetproof.cli.output import counted, err, out, print_json

if TYPE_CHECKING:
    from models.dataset.interface import Dataset
    from streetproof.access.looker import Looker
    from streetproof.dataset.cases import CaseMaterial
    from streetproof.dataset.export import ExportedDataset
    from streetproof.dataset.plan import Used
    from streetproof.dataset.reasons import Treatment

app = typer.Typer(help="Data sets to train models from.", no_args_is_help=True, rich_markup_mode=None)

MOST_SHOWN = 50


@app.command(
    epilog="Example: streetproof dataset check dataset/dataset.yaml    Exit codes: 0 it can be trained with · 1 it has "
    "faults · 2 usage · 4 it cannot be read"
)
def check(
    path: Annotated[Path, typer.Argument(help="The data set's YAML file.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Look a YOLO-format data set over: folders, labels, classes, pictures, and pictures in `train` and `val` alike."""
    from models.dataset.reading import look_over

    found = look_over(path)
    if as_json:
        print_json(
            {
                "path": str(path),
                "valid": found.dataset is not None,
                "dataset": _summary(found.dataset) if found.dataset else None,
                "faults": [asdict(one) for one in found.faults],
                "warnings": [asdict(one) for one in found.warnings],
            }
        )
    else:
        for mark, style, listed in (("✗", "bold red", found.faults), ("!", "yellow", found.warnings)):
            for one in listed[:MOST_SHOWN]:
                out.print(f"{mark} {one.where}: {one.what}", style=style, markup=False)
                out.print(f"    → {one.remedy}", style="dim", markup=False)
            if len(listed) > MOST_SHOWN:
                out.print(f"  and {len(listed) - MOST_SHOWN} more; all with --json", style=style)
        if found.dataset:
            _show(found.dataset)
        else:
            out.print(f"{counted(len(found.faults), 'fault')} 有错误，不能用于训练", style="bold red")
    if found.dataset is None:
        raise typer.Exit(Exit.FAILED)


@app.command(
    epilog="Example: streetproof dataset export --cases cases/ --reviews reviews.csv --model yolox-nano --out dataset "
    "--purpose training --officer 李明 --licence 33010012    Exit codes: 0 done · 2 usage · 3 done, but some cases "
    "could not be used; each is explained · 4 nothing was done"
)
def export(
    cases: Annotated[list[Path], typer.Option(help="Folder of bundles, or a bundle; may be repeated.")],
    reviews: Annotated[Path, typer.Option(help="CSV: case,decision,reason,officer (docs/training.md).")],
    model: Annotated[
        str,
        typer.Option(
            help="Detector that finds the people to mask and the vehicles nobody reviewed: the best there is."
        ),
    ],
    folder: Annotated[Path, typer.Option("--out", help="New folder for the data set.")],
    purpose: Purpose,
    officer: Officer,
    licence: Licence,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", "-d", help="Data folder whose ledger tells of it; default: the one that each bundle lies in."
        ),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The site key to trust: its fingerprint, or the path of its public key (PEM).")
    ] = None,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="FROM=TO: another name for a class; may be repeated.")
    ] = None,
    reasons: Annotated[
        list[str] | None,
        typer.Option(
            "--reason", help="TEXT=object, negative or leave_out: what follows from a reason; may be repeated."
        ),
    ] = None,
    val_share: Annotated[float, typer.Option(help="Share of the days of cameras that measure, 0 to 1.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Another one deals the days out anew.")] = 0,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Make a data set of reviewed cases: verified, heads and plates masked, split by camera and day.

    Who makes it, what for and of which cases is entered in the ledger first.
    """
    from models.plates.loading import load_plate_reader
    from models.store import load_detector
    from streetproof.access.looker import looker_of
    from streetproof.dataset.export import ExportRequest
    from streetproof.dataset.export import export as export_cases
    from streetproof.dataset.masking import MIN_SCORE, Masker
    from streetproof.dataset.reasons import treatments
    from streetproof.dataset.reviews import read_reviews

    looker = looker_of(purpose, officer, licence)
    table = read_reviews(reviews, treatments(_treatments(reasons or [])))
    models = store_at(store)
    masker = Masker(load_detector(model, store=models, min_score=MIN_SCORE), load_plate_reader(store=models))
    request = ExportRequest(
        cases=cases,
        reviews=table,
        reviews_sha256=hashlib.sha256(reviews.read_bytes()).hexdigest(),
        out=folder,
        classes=dict(_pair(one, "--class") for one in classes or []),
        val_share=val_share,
        seed=seed,
        trusted_key=key,
    )
    entered: list[Entered] = []

    def before(used: Sequence[Used]) -> None:
        entered.extend(_enter([one.case for one in used], data, looker))

    with err.status("...") as status:
        made = export_cases(request, masker, lambda what, done, of: status.update(f"{what} {done}/{of}"), before)
    if as_json:
        print_json(
            {
                "path": str(made.path),
                "dataset": _summary(made.dataset),
                "used": [{"case": one.case.id, "as": one.treatment.value, "class": one.cls} for one in made.used],
                "not_used": [asdict(one) for one in made.not_used],
                "masked": {"heads": made.heads, "plates": made.plates, "blanked": made.blanked},
                "key_was_trusted": key is not None,
                "entered": [
                    {"data": None if one.data is None else str(one.data), "entries": one.entries, "cases": one.cases}
                    for one in entered
                ],
            }
        )
    else:
        _tell(made, entered, trusted=key is not None)
    if made.problems:
        raise typer.Exit(Exit.PARTIAL)


@dataclass(frozen=True, slots=True)
class Entered:
    """Numbers of entries in the ledger of a data folder, and how many cases they name. `data`: None where no ledger is,
    and there is no entry."""

    data: Path | None
    entries: list[int]
    cases: int


def _enter(cases: Sequence[CaseMaterial], data: Path | None, looker: Looker) -> Iterator[Entered]:
    from streetproof.access.training import enter_dataset
    from streetproof.bundles import data_of
    from streetproof.cli.database import opened
    from streetproof.ledgers import reading

    folders: dict[Path | None, list[str]] = {}
    for one in cases:
        home = data if data is not None else data_of(one.bundle)
        folders.setdefault(None if home is None else home.resolve(), []).append(one.id)
    for folder, ids in folders.items():
        if folder is None:
            yield Entered(None, [], len(ids))
            continue
        with opened(folder, "there are no cases here") as store, reading.opened(folder) as ledger:
            yield Entered(folder, list(enter_dataset(store, ledger, looker, ids)), len(ids))


def _tell(made: ExportedDataset, entered: Sequence[Entered], *, trusted: bool) -> None:
    for one in made.not_used:
        mark, style = ("✗", "bold red") if one.problem else ("–", "dim")
        out.print(f"{mark} {one.case}: {one.why}", style=style, markup=False)
    _show(made.dataset)
    out.print(
        f"  masked 遮盖: {counted(made.heads, 'head')}, {counted(made.plates, 'plate')}, {made.blanked} not reviewed",
        markup=False,
    )
    for told in entered:
        if told.data is None:
            out.print(
                f"  {counted(told.cases, 'case')} entered in no ledger: the bundles lie in no data folder "
                f"(--data names one) {told.cases} 件未记入存证日志：证据包不在任何数据文件夹中（可用 --data 指定）",
                style="yellow",
                markup=False,
            )
        else:
            numbers = ", ".join(map(str, told.entries))
            out.print(f"  entered in the ledger of 已记入存证日志 {told.data}: {numbers}", style="dim", markup=False)
    if not trusted:
        out.print("  Nobody vouched for the key of the bundles (--key) 未核对证据包的签名密钥", style="yellow")
    out.print(
        "  What the models missed is not masked: look the pictures through 漏检者未遮盖，请逐张检查", style="yellow"
    )
    out.print(f"  {made.path}", markup=False)


def _treatments(given: list[str]) -> dict[str, Treatment]:
    from streetproof.dataset.reasons import Treatment

    found = {}
    for one in given:
        text, treatment = _pair(one, "--reason")
        if treatment not in list(Treatment):
            raise typer.BadParameter(f"{treatment!r} is none of {', '.join(Treatment)}", param_hint="--reason")
        found[text] = Treatment(treatment)
    return found


def _pair(given: str, option: str) -> tuple[str, str]:
    left, equals, right = (part.strip() for part in given.rpartition("="))
    if not (left and equals and right):
        raise typer.BadParameter(f"{given!r} is not of the form LEFT=RIGHT", param_hint=option)
    return left, right


def _summary(dataset: Dataset) -> dict[str, object]:
    from models.dataset.interface import Split

    return {
        "sha256": dataset.sha256,
        "classes": list(dataset.classes),
        "images": {split.value: len(dataset.of(split)) for split in Split},
        "boxes": {split.value: dataset.boxes(split) for split in Split},
    }


def _show(dataset: Dataset) -> None:
    from models.dataset.interface import Split

    out.print(f"[green]✓[/] can be trained with 可用于训练  SHA-256 {dataset.sha256}")
    for split in Split:
        if images := dataset.of(split):
            boxes = ", ".join(f"{name} {count}" for name, count in dataset.boxes(split).items())
            out.print(f"  {split.value}: {counted(len(images), 'picture')}; boxes: {boxes}", markup=False)
