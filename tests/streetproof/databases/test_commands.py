"""A site with its databases in PostgreSQL, by the commands as an operator types them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from evidence_export.verifier import verify
from streetproof.databases.place import FILE
from tests.conftest import ROOT
from tests.postgres import PASSWORD, Cluster, requires_postgres
from tests.streetproof.commands import Ran, inside, streetproof

pytestmark = requires_postgres
LI = ("--officer", "李明", "--licence", "33010001")
TO_COURT = ("--recipient", "西湖区人民法院", "--purpose", "行政诉讼举证")
VARIABLE = "STREETPROOF_DATABASE_PASSWORD"
Command = Callable[..., Ran]


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return lambda *arguments: inside(capsys, monkeypatch, *arguments, width=1000)


def site_at(folder: Path, url: str | None, **more: Any) -> Path:
    """The demo site; `url`: of its database, None: it names none."""
    if not folder.exists():
        shutil.copytree(ROOT / "configs/demo", folder)
    path = folder / "site.yaml"
    data = yaml.safe_load((ROOT / "configs/demo/site.yaml").read_text(encoding="utf-8"))
    if url is not None:
        data["database"] = {"url": url, "username": "streetproof", "password_env": VARIABLE, **more}
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, postgres: Cluster, real_model: str, demo_clip: Path
) -> tuple[Path, Path, str]:
    """Site file, data folder and database of a batch over the demo clip."""
    folder = tmp_path_factory.mktemp("站点 一")
    url = postgres.guarded()
    site, data = site_at(folder / "site", url), folder / "数据 一"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(VARIABLE, PASSWORD)
        patched.setenv("STREETPROOF_KEYS", str(tmp_path_factory.getbasetemp() / "keys"))
        done = streetproof("batch", site, demo_clip, "--out", data, "--model", real_model)
    assert done.code == 0, done.err
    return site, data, url


def test_from_a_recording_to_a_release(made: tuple[Path, Path, str], run: Command, tmp_path: Path) -> None:
    site, data, _ = made
    told = run("cases", "--data", data, "--json").json
    (case,) = [one["case"] for one in told]
    assert run("vehicles", "--purpose", "audit", *LI, "--data", data).code == 0
    assert run("ledger", "check", "--data", data).code == 0
    proven = run("ledger", "prove", case, "--data", data)
    assert proven.code == 0
    proof = tmp_path / "proof.json"
    proof.write_text(proven.out, encoding="utf-8")
    key = next((data / "cases" / case).rglob("site-key.pub.pem"))
    assert run("ledger", "verify", proof, "--key", key).code == 0
    assert run("cases", "open", case, "--purpose", "audit", *LI, "--data", data).code == 0
    exported = run(
        "export",
        case,
        site,
        "--profile",
        "full",
        *TO_COURT,
        *LI,
        "--data",
        data,
        "--out",
        tmp_path / "给法院",
        "--json",
    )
    assert exported.code == 0, exported.err
    assert verify(Path(exported.json["path"])).ok
    assert run("ledger", "check", "--data", data).code == 0


def test_nothing_of_it_lies_in_the_folder_but_where_it_is(made: tuple[Path, Path, str]) -> None:
    _, data, url = made
    assert [one.name for one in data.iterdir() if one.suffix == ".db"] == []
    assert json.loads((data / FILE).read_text())["database"] == {
        "url": url, "username": "streetproof", "password_env": VARIABLE,
    }  # fmt: skip
    for path in data.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path


def test_a_second_run_goes_on_where_the_first_was(
    made: tuple[Path, Path, str], real_model: str, demo_clip: Path
) -> None:
    site, data, _ = made
    before = sorted(path.name for path in (data / "cases").iterdir())
    again = streetproof("batch", site, demo_clip, "--out", data, "--model", real_model, "--json")
    assert again.code == 0, again.err
    assert sorted(path.name for path in (data / "cases").iterdir()) == before
    assert streetproof("ledger", "check", "--data", data).code == 0


def test_without_the_password_every_command_says_where_it_should_stand(
    made: tuple[Path, Path, str], run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    for asked in (("cases",), ("ledger", "check"), ("ledger", "prove", "0"), ("vehicles", "--purpose", "audit", *LI)):
        ran = run(*asked, "--data", made[1])
        assert ran.code == 4 and VARIABLE in ran.err, ran
    assert list(made[1].glob("*.db*")) == []


def test_a_wrong_password_is_not_shown(
    made: tuple[Path, Path, str], run: Command, monkeypatch: pytest.MonkeyPatch, demo_clip: Path
) -> None:
    site, data, _ = made
    monkeypatch.setenv(VARIABLE, "falsch/密码@8")
    for ran in (run("cases", "--data", data), run("batch", site, demo_clip, "--out", data)):
        assert ran.code == 4 and "lets nobody in" in ran.err and "password" in ran.err, ran
        assert "falsch" not in ran.err + ran.out and "Traceback" not in ran.err


@pytest.fixture
def copied(made: tuple[Path, Path, str], tmp_path: Path) -> Path:
    """The same data folder, to be spoilt."""
    return Path(shutil.copytree(made[1], tmp_path / "副本"))


def test_a_site_file_without_the_database_is_refused(
    copied: Path, run: Command, tmp_path: Path, demo_clip: Path
) -> None:
    ran = run("batch", site_at(tmp_path / "site", None), demo_clip, "--out", copied)
    assert ran.code == 4 and "PostgreSQL" in ran.err and FILE in ran.err, ran
    assert list(copied.glob("*.db*")) == []


def test_sqlite_files_are_not_left_behind_for_an_empty_server(
    run: Command, tmp_path: Path, postgres: Cluster, demo_clip: Path
) -> None:
    data, url = tmp_path / "data", postgres.guarded()
    data.mkdir()
    (data / "ledger.db").write_bytes(b"")
    ran = run("batch", site_at(tmp_path / "site", url), demo_clip, "--out", data)
    assert ran.code == 4 and "SQLite files" in ran.err, ran
    assert not (data / FILE).exists()
    assert postgres.sql(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "0"


def test_an_empty_database_in_the_place_of_the_full_one_is_refused(
    copied: Path, run: Command, tmp_path: Path, postgres: Cluster, demo_clip: Path
) -> None:
    url = postgres.guarded()
    ran = run("batch", site_at(tmp_path / "site", url), demo_clip, "--out", copied)
    assert ran.code == 4 and "is empty" in ran.err, ran
    place = json.loads((copied / FILE).read_text())
    place["database"]["url"] = url
    (copied / FILE).write_text(json.dumps(place))
    for asked in (("cases",), ("ledger", "check")):
        ran = run(*asked, "--data", copied)
        assert ran.code == 4 and "is empty" in ran.err, ran
    assert postgres.sql(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "0"


def test_the_database_of_another_folder_is_refused(
    made: tuple[Path, Path, str], run: Command, tmp_path: Path, demo_clip: Path
) -> None:
    site, _, _ = made
    ran = run("batch", site, demo_clip, "--out", tmp_path / "other")
    assert ran.code == 4 and "another data folder" in ran.err, ran


def test_a_server_that_moved_is_known_by_what_it_holds(
    made: tuple[Path, Path, str], copied: Path, run: Command, tmp_path: Path, demo_clip: Path, real_model: str
) -> None:
    moved = made[2].replace("127.0.0.1", "localhost")
    ran = run("batch", site_at(tmp_path / "site", moved), demo_clip / "none.mp4", "--out", copied, "-q")
    assert "localhost" in (copied / FILE).read_text(), ran
    assert run("cases", "--data", copied).code == 0


def test_a_newer_version_is_left_alone(
    copied: Path, run: Command, postgres: Cluster, made: tuple[Path, Path, str]
) -> None:
    for table, asked in (("alembic_version", ("cases",)), ("ledger_alembic_version", ("ledger", "check"))):
        (version,) = postgres.sql(made[2], f"SELECT version_num FROM {table}").split()
        postgres.sql(made[2], f"UPDATE {table} SET version_num = '0999'")
        try:
            ran = run(*asked, "--data", copied)
            assert ran.code == 4 and "newer version" in ran.err and "0999" in ran.err, ran
        finally:
            postgres.sql(made[2], f"UPDATE {table} SET version_num = '{version}'")


def test_databases_in_both_places_are_for_a_person_to_sort_out(copied: Path, run: Command) -> None:
    (copied / "state.db").write_bytes(b"")
    ran = run("cases", "--data", copied)
    assert ran.code == 4 and "twice" in ran.err, ran


def test_a_file_that_nobody_can_read_is_no_reason_for_an_empty_database(copied: Path, run: Command) -> None:
    for text in ("", "{}", '{"password": "geheim"}', "x" * 100_000):
        (copied / FILE).write_text(text)
        for asked in (("cases",), ("ledger", "check"), ("recordings", "release")):
            why = ("--reason", "结案", "--officer", "李明", "--licence", "33010001")
            where = (copied, "SP-1", *why) if asked[0] == "recordings" else ("--data", copied)
            (copied / "recordings").mkdir(exist_ok=True)
            ran = run(*asked, *where)
            assert ran.code == 4 and FILE in ran.err and "geheim" not in ran.err, ran
    assert list(copied.glob("*.db*")) == []


def test_a_server_that_was_never_reached_binds_a_folder_to_nothing(
    tmp_path: Path, run: Command, demo_clip: Path, real_model: str
) -> None:
    data = tmp_path / "data"
    ran = run("batch", site_at(tmp_path / "site", "postgresql://127.0.0.1:1/none"), demo_clip, "--out", data)
    assert ran.code == 4 and "does not answer" in ran.err and "127.0.0.1:1/none" in ran.err, ran
    ran = run("cases", "--data", data)
    assert ran.code == 4 and "there are no cases here" in ran.err, ran
    run("batch", site_at(tmp_path / "site", None), tmp_path / "none.mp4", "--out", data)
    assert (data / "state.db").exists() and not (data / FILE).exists()


def test_a_user_who_may_not_make_tables_is_told(
    tmp_path: Path, run: Command, demo_clip: Path, postgres: Cluster
) -> None:
    url = postgres.guarded()
    name = url.rpartition("/")[2]
    postgres.sql("/postgres", f"ALTER DATABASE {name} OWNER TO postgres")
    postgres.sql(url, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
    ran = run("batch", site_at(tmp_path / "site", url), demo_clip, "--out", tmp_path / "data")
    assert ran.code == 4 and "schema" in ran.err and "may make tables" in ran.err, ran
    assert "Traceback" not in ran.err


def test_two_sites_have_schemas_of_their_own_in_one_database(
    tmp_path: Path, run: Command, postgres: Cluster, demo_clip: Path
) -> None:
    url = postgres.guarded()
    for name in ("east", "west"):
        postgres.sql(url, f"CREATE SCHEMA {name} AUTHORIZATION streetproof")
        site = site_at(tmp_path / name, f"{url}?options=-csearch_path%3D{name}")
        run("batch", site, tmp_path / "none.mp4", "--out", tmp_path / f"data {name}")
        assert run("cases", "--data", tmp_path / f"data {name}").code == 0
    found = postgres.sql(url, "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = 'case' ORDER BY 1")
    assert found.split() == ["east", "west"]
