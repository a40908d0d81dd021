"""Options by which commands are told who acts."""

from __future__ import annotations

from typing import Annotated

import typer

Officer = Annotated[str, typer.Option(help="Name of the officer, as the ledger will have it.")]
Licence = Annotated[str, typer.Option(help="Number of the officer's licence 执法证号.")]
