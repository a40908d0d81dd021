"""The `database` of a site file: what it may say, and that no mistake in it shows a password."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from streetproof.databases.opening import check_database, url_of
from streetproof.errors import StreetproofError
from streetproof.settings.database import Database
from streetproof.settings.load import SiteInvalidError, load_site
from tests.conftest import ROOT


def site_with(folder: Path, **database: Any) -> Path:
    data = yaml.safe_load((ROOT / "configs/demo/site.yaml").read_text(encoding="utf-8"))
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(data | {"database": database}, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////var/lib/state.db", "leave `database` out"),
        ("mysql://db/streetproof", "only PostgreSQL"),
        ("postgresql+asyncpg://db/streetproof", "only PostgreSQL"),
        ("postgres://db/streetproof", "only PostgreSQL"),
        ("db.example/streetproof", "only PostgreSQL"),
        ("postgresql://user:geheim@db/streetproof", "no user name or password"),
        ("postgresql://user@db/streetproof", "no user name or password"),
        ("postgresql://user:ge/heim@db/streetproof", "cannot be read"),
        ("postgresql://user:12/geheim@db/streetproof", "no user name or password"),
        ("postgresql://user:ge#heim@db/streetproof", "cannot be read"),
        ("postgresql://db/streetproof?password=geheim", "no user name or password"),
        ("postgresql://db/streetproof?PASSWORD=geheim", "no user name or password"),
        ("postgresql://db/streetproof?sslpassword=geheim", "no user name or password"),
        ("postgresql://db/streetproof?geheim", "behind `?`"),
        ("postgresql://db/streetproof?service=geheim", "behind `?`"),
        ("postgresql://db/streetproof#geheim", "names no database"),
        ("postgresql://db:99999/streetproof", "port"),
        ("postgresql://db", "names no database"),
        ("postgresql://db/", "names no database"),
        ("postgresql://db/a/b", "names no database"),
        ("postgresql:///streetproof", "names no host"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_without_its_password(tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(SiteInvalidError) as refused:
        load_site(site_with(tmp_path, url=url))
    (told,) = refused.value.mistakes
    assert words in told.message and told.location == "database.url"
    assert "heim" not in str(refused.value)


def test_a_password_needs_a_user_name_and_one_place(tmp_path: Path) -> None:
    url = "postgresql://db/streetproof"
    for wrong in ({"password_env": "A"}, {"username": "u", "password_env": "A", "password_file": "b"}):
        with pytest.raises(SiteInvalidError):
            load_site(site_with(tmp_path, url=url, **wrong))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db.example:5433/streetproof?sslmode=verify-full&sslrootcert=/etc/ssl/centre.pem",
        "postgresql://[::1]/streetproof",
        "postgresql:///streetproof?host=/var/run/postgresql",
        "postgresql://db/%E5%AD%98%E8%AF%81?options=-csearch_path%3Dyuhang",
    ],
)
def test_an_address_reaches_the_driver_as_it_is_meant(tmp_path: Path, url: str) -> None:
    loaded = load_site(site_with(tmp_path, url=url, username="u@x:y/", password_env="PASSWORD_OF_THE_DATABASE"))
    assert loaded.site.database is not None
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PASSWORD_OF_THE_DATABASE", "p@ß:/#?")
        found = url_of(loaded.site.database, loaded.path)
    assert (found.username, found.password) == ("u@x:y/", "p@ß:/#?")
    assert found.database in ("streetproof", "存证")
    assert "p@ß" not in repr(found) + str(found)


def test_a_relative_password_file_lies_beside_the_site_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("geheim\n", encoding="utf-8")
    (tmp_path / "secret").chmod(0o600)
    database = Database(url="postgresql://db/x", username="u", password_file=Path("secret"))
    assert url_of(database, tmp_path / "site.yaml").password == "geheim"


def test_a_start_can_be_checked_without_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = site_with(tmp_path, url="postgresql://nowhere/x", username="u", password_env="PASSWORD_OF_THE_DATABASE")
    with pytest.raises(StreetproofError, match="PASSWORD_OF_THE_DATABASE"):
        check_database(load_site(path))
    monkeypatch.setenv("PASSWORD_OF_THE_DATABASE", "fjord-Lampe-8")
    check_database(load_site(path))
