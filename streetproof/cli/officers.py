"""Options by which commands are told who acts and why, and who looks for what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evidence_export.words import Said

Officer = Annotated[str, typer.Option(help="Name of the officer, as the ledger will have it.")]
Licence = Annotated[str, typer.Option(help="Number of the officer's licence 执法证号.")]
Why = Annotated[str, typer.Option("--reason", help="Why, as the ledger will say it.")]
Purpose = Annotated[
    str,
    typer.Option(
        help="review 审核, procedure 办案, complaint 复议诉讼, audit 监督检查, maintenance 运维, release 移送, "
        "training 训练 or other 其他; what exactly goes behind a colon."
    ),
]
LedgerAt = Annotated[
    Path | None,
    typer.Option(
        "--data", "-d", help="Data folder with the ledger of the case; default: the one that the bundle lies in."
    ),
]


def acting(officer: str, licence: str) -> str:
    """Who acts, as the ledger will name them. Raises BadParameter."""
    by = " ".join(f"{officer} {licence}".split())
    if not officer.strip() or not licence.strip() or not by.isprintable() or len(by) > 200:
        raise typer.BadParameter("a name and the number of a licence, on one line", param_hint="--officer, --licence")
    return by


def why_said(reason: str, option: str = "--reason") -> str:
    """Why, on one line. Raises BadParameter."""
    text = " ".join(reason.split())
    if len(text) < 2 or len(text) > 500 or not text.isprintable():
        raise typer.BadParameter("say why, in 2 to 500 characters", param_hint=option)
    return text


def entered_said(entry: int | None) -> Said:
    """Where a look stands in the ledger; None: nowhere, as no ledger is there."""
    if entry is None:
        return Said(
            "未记入存证日志：证据包不在任何数据文件夹中（可用 --data 指定）",
            "Entered in no ledger: the bundle lies in no data folder (--data names one)",
        )
    return Said(f"已记入存证日志第 {entry} 条", f"entered in the ledger as number {entry}")
