"""Every command of the tree, with its subcommands: help, an example that can be typed, exit codes, JSON, a document."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from streetproof.cli.app import app
from tests.conftest import ROOT
from tests.streetproof.commands import inside

WITHOUT_JSON = {
    "config schema": "what it prints is JSON in any case",
    "run": "it ends when it is stopped: its log is JSON lines, and `status --json` tells how it is",
}
"""Commands without `--json`, and why."""
ONE_LANGUAGE = {
    "batch", "config check", "config schema", "dataset check", "dataset export", "demo", "evaluate", "ledger prove",
    "models bench", "models check", "models export", "models list", "models pull", "models train", "plates read",
    "replay", "run", "verifier", "whatif", "zones preview",
}  # fmt: skip
"""Commands without `--lang`: those of whoever keeps the machine or develops, and two that print JSON or a path."""
DOCUMENTS = (ROOT / "README.md", ROOT / "bench" / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TYPED = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\S*/bin/)?streetproof (.*)$", re.MULTILINE)


def commands_of(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Each command that can be typed, by its words; a group that does something by itself as well."""
    inner = getattr(command, "commands", {})
    if path and (not inner or command.invoke_without_command):
        yield " ".join(path), command
    for name, one in inner.items():
        yield from commands_of(one, (*path, name))


COMMANDS = dict(sorted(commands_of(typer.main.get_command(app))))


def options_of(command: Any) -> Iterator[tuple[str, ...]]:
    """The ways to write each of its options: the long ones."""
    for parameter in command.params:
        written = [*parameter.opts, *parameter.secondary_opts]
        if parameter.param_type_name == "option" and parameter.name != "help":
            yield tuple(one for one in written if one.startswith("--"))


def undocumented(commands: Iterable[str], documents: Iterable[str]) -> list[str]:
    """Those that no document shows as they are typed."""
    texts = list(documents)
    return [name for name in commands if not any(re.search(rf"streetproof {name}(?![\w-])", text) for text in texts)]


def options_nowhere(commands: Mapping[str, Any], documents: Iterable[str], tests: Iterable[str]) -> list[str]:
    """Options that neither a document nor a test has which is about their command."""
    documents, tests, found = list(documents), list(tests), []
    for name, command in commands.items():
        mine = [text for text in documents if f"streetproof {name}" in text]
        mine += [text for text in tests if f'"{name.split()[-1]}"' in text]
        for ways in options_of(command):
            found += [f"{name} {way}" for way in ways if not any(re.search(rf"{way}(?![\w-])", text) for text in mine)]
    return found


def refused(command: Any, words: list[str]) -> str | None:
    """What the parser of a command says against what is typed behind its name; None: nothing."""
    with suppress(typer.Exit, SystemExit):
        try:
            command.make_context(command.name, list(words)).close()
        except Exception as error:
            if not hasattr(error, "format_message"):
                raise
            return str(error.format_message())
    return None


def typed(line: str, commands: Mapping[str, Any]) -> tuple[str, list[str]] | None:
    """The command of what stands behind `streetproof`, and its words up to where the shell goes on."""
    words = shlex.split(line, comments=True)
    ends = [at for at, word in enumerate(words) if word in ("|", ">", "<", "&&", ";", "&", "||") or word == "2>"]
    words = words[: min(ends, default=len(words))]
    for length in (2, 1):
        if (name := " ".join(words[:length])) in commands:
            return name, words[length:]
    return None


@cache
def texts(*paths: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8") for path in paths)


def shown() -> Iterator[tuple[str, str]]:
    """Each command line of a document: where it stands, and what is behind `streetproof`."""
    for path, text in zip(DOCUMENTS, texts(*DOCUMENTS), strict=True):
        for block in _FENCED.findall(text):
            for line in _TYPED.findall(block.replace("\\\n", " ")):
                yield path.name, line


def test_the_walk_comes_to_every_leaf() -> None:
    assert {"cases", "cases open", "recordings release", "retention lift", "run", "zones preview"} <= set(COMMANDS)
    assert "retention" not in COMMANDS and len(COMMANDS) > 50


def test_an_officers_command_speaks_the_language_that_is_asked_for() -> None:
    without = {name for name, one in COMMANDS.items() if "lang" not in {parameter.name for parameter in one.params}}
    assert without == ONE_LANGUAGE


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example_and_its_exit_codes(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = inside(capsys, monkeypatch, *command.split(), "--help")
    assert ran.code == 0
    assert f"Example: streetproof {command} " in " ".join(ran.out.split())
    assert "Exit codes: 0" in " ".join(ran.out.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_the_example_of_every_command_can_be_typed(command: str) -> None:
    epilog = " ".join(COMMANDS[command].epilog.split("\n"))
    example = epilog.split("Example: streetproof ", 1)[1]
    found = typed(re.split(r" {3,}|·", example)[0], COMMANDS)
    assert found is not None and found[0] == command
    assert refused(COMMANDS[command], found[1]) is None


def test_every_command_tells_programs_in_json() -> None:
    without = {name for name, one in COMMANDS.items() if ("--json",) not in set(options_of(one))}
    assert without == set(WITHOUT_JSON)


def test_every_command_is_in_a_document() -> None:
    assert undocumented(COMMANDS, texts(*DOCUMENTS)) == []


def test_every_option_is_in_a_document_or_a_test() -> None:
    tests = [path for path in sorted((ROOT / "tests").rglob("*.py")) if path != Path(__file__)]
    assert options_nowhere(COMMANDS, texts(*DOCUMENTS), texts(*tests)) == []


@pytest.mark.parametrize(("document", "line"), list(shown()))
def test_what_documents_show_can_be_typed(document: str, line: str) -> None:
    found = typed(line, COMMANDS)
    assert found is not None or line.startswith("--"), f"{document} shows a command that there is not"
    if found is not None:
        assert refused(COMMANDS[found[0]], found[1]) is None


def test_what_is_missing_is_found() -> None:
    toy = typer.Typer()

    @toy.command()
    def tell(how: Annotated[str, typer.Option()]) -> None: ...

    @toy.command()
    def known(loud: bool = False) -> None: ...

    inner = typer.Typer()
    inner.command("told")(tell)
    toy.add_typer(inner, name="deep")
    commands = dict(commands_of(typer.main.get_command(toy)))
    assert list(commands) == ["tell", "known", "deep told"]
    document = "`streetproof known --loud`, and `streetproof deep told-not`"
    assert undocumented(commands, [document]) == ["tell", "deep told"]
    assert options_nowhere(commands, [document], ['run("told")']) == [
        "tell --how", "known --no-loud", "deep told --how",
    ]  # fmt: skip
    assert options_nowhere(commands, [document], ['run("tell", "--how", "--no-loud")', '("told", "--how-long")']) == [
        "known --no-loud", "deep told --how",
    ]  # fmt: skip
    assert "--how" in str(refused(commands["tell"], [])) and refused(commands["tell"], ["--how", "x"]) is None
    assert "--lout" in str(refused(commands["known"], ["--lout"]))
