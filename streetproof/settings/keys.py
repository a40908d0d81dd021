"""Which key seals, in a site file. Never a passphrase or PIN."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from streetproof.settings.base import Strict

_VARIABLE = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]


class Keys(Strict):
    """The keys that cases are sealed with; paths are relative to the folder of the site file."""

    path: Path | None = Field(
        default=None,
        description="Folder made by `streetproof keys init`, or one key file (PEM); null: the folder or file of the "
        "site's id in ~/.local/share/streetproof/keys, or $STREETPROOF_KEYS",
    )
    passphrase_env: _VARIABLE | None = Field(
        default=None, description="Environment variable with the passphrase of key files"
    )
    passphrase_file: Path | None = Field(
        default=None, description="File whose first line is the passphrase, for example /run/credentials/key"
    )
    pin_env: _VARIABLE | None = Field(default=None, description="Environment variable with the PIN of a PKCS#11 token")
    pin_file: Path | None = Field(default=None, description="File whose first line is the PIN of a PKCS#11 token")

    @model_validator(mode="after")
    def _one_place_each(self) -> Self:
        for name in ("passphrase", "pin"):
            if getattr(self, f"{name}_env") is not None and getattr(self, f"{name}_file") is not None:
                raise ValueError(f"give `{name}_env` or `{name}_file`, not both")
        return self
