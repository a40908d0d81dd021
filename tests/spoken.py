"""What the program can tell, read from its source, with `X` where a value comes in: what its commands refuse, each
message and remedy; and whatever else a module says in words."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.conftest import ROOT

PACKAGES = ("streetproof", "evidence_export", "vision", "streams", "models")
GAP = "X"
_MOST = 64
"""Readings of one expression; more of them would be a message nobody can survey."""


@dataclass(frozen=True)
class Told:
    """One sentence of an error, and where it is raised."""

    sentence: str
    at: str


@dataclass
class _Module:
    path: Path
    tree: ast.Module
    constants: dict[str, ast.expr] = field(default_factory=dict)
    imported: dict[str, str] = field(default_factory=dict)


def told_by(names: Iterable[str]) -> dict[str, list[Told]]:
    """What these commands' modules, and all that they import, put into errors; by module, as a path within ROOT."""
    return {str(path.relative_to(ROOT)): [Told(one, at) for one, at in _sentences(path)] for path in _reached(names)}


def commands() -> frozenset[str]:
    """The modules of all commands, by their names within `streetproof.cli`."""
    tree = _read(ROOT / "streetproof/cli/app.py").tree
    lists = (one for one in ast.walk(tree) if isinstance(one, ast.ImportFrom) and one.module == "streetproof.cli")
    return frozenset(name.name for one in lists for name in one.names)


def _reached(names: Iterable[str]) -> list[Path]:
    """All modules that a command imports, at the top or in a function, and what these import."""
    seen: set[Path] = set()
    waiting = [f"streetproof.cli.{one}" for one in names]
    while waiting:
        name = waiting.pop()
        # The package of the commands imports each of them.
        path = None if name == "streetproof.cli" else _path_of(name)
        if path is not None and path not in seen:
            seen.add(path)
            waiting += _imports(_read(path).tree)
    return sorted(seen)


def _path_of(module: str) -> Path | None:
    if module.split(".")[0] not in PACKAGES:
        return None
    base = ROOT.joinpath(*module.split("."))
    return next((one for one in (base / "__init__.py", base.with_suffix(".py")) if one.is_file()), None)


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


@cache
def _read(path: Path) -> _Module:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = _Module(path, tree)
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.constants[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found.constants[node.target.id] = node.value
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.imported |= {one.asname or one.name: node.module for one in node.names}
    return found


@cache
def _everything() -> tuple[_Module, ...]:
    return tuple(_read(path) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))


@cache
def _calls() -> dict[str, list[tuple[_Module, ast.Call]]]:
    """All calls, by the name of what is called."""
    found: dict[str, list[tuple[_Module, ast.Call]]] = {}
    for module in _everything():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
                found.setdefault(name, []).append((module, node))
    return found


@cache
def error_classes() -> frozenset[str]:
    """The names of StreetproofError and of all that derives from it."""
    bases = {
        node.name: {ast.unparse(base).split(".")[-1] for base in node.bases}
        for module in _everything()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"StreetproofError"}
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return frozenset(found)


def sentences(path: str, function: str | None = None) -> Iterator[str]:
    """All that a module, or one function of it, says in more than a word or a name; not what stands beside its
    Chinese."""
    module = _read(ROOT / path)
    tree: ast.AST = module.tree
    if function is not None:
        tree = next(one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == function)
    unsaid: set[ast.AST] = set()
    for node in ast.walk(tree):
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if (
            docstring
            or isinstance(node, ast.Assert | ast.BinOp | ast.Compare | ast.JoinedStr)
            or _in_both_languages(node)
        ):
            unsaid |= set(ast.walk(node)) - {node}
    around: dict[ast.AST, dict[str, list[ast.expr]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            around |= dict.fromkeys(ast.walk(node), assigned := _assigned(node))
            joined = [one for one in ast.walk(node) if isinstance(one, ast.JoinedStr)]
            parts = {one.id for text in joined for one in _names(text)}
            # What becomes a part of another text is read there.
            unsaid |= {part for name in parts & set(assigned) for one in assigned[name] for part in ast.walk(one)}
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp | ast.JoinedStr | ast.Constant) and node not in unsaid:
            yield from filter(_is_said, _readings(node, module, around.get(node, {})))


def _is_said(text: str) -> bool:
    return len(re.findall(r"(?<!\S)[a-z`]+", text)) > 1 and " | " not in text


def _in_both_languages(node: ast.AST) -> bool:
    """A pair, or a call, in which one of the parts is Chinese."""
    parts = node.elts if isinstance(node, ast.Tuple) else node.args if isinstance(node, ast.Call) else []
    return any(re.search("[\u4e00-\u9fff]", text) for part in parts for text in _texts(part))


def _texts(expression: ast.expr) -> list[str]:
    if isinstance(expression, ast.JoinedStr):
        return [text for one in expression.values for text in _texts(one)]
    return [expression.value] if isinstance(expression, ast.Constant) and isinstance(expression.value, str) else []


# A helper such as `_refused(place, what)` puts words of its callers into an error: it is read with each call's words.


def _sentences(path: Path) -> Iterator[tuple[str, str]]:
    module = _read(path)
    for function, call in _errors_in(module):
        names = {one.id for part in _spoken(call) for one in ast.walk(part) if isinstance(one, ast.Name)}
        local = {} if function is None else _assigned(function)
        given = names | {one.id for name in names for value in local.get(name, ()) for one in _names(value)}
        by_caller = function is not None and given & set(_parameters(function))
        for bound, line in _bindings(function, module) if function and by_caller else [({}, call.lineno)]:
            for expression in _spoken(call):
                for sentence in _readings(expression, module, local | bound):
                    yield sentence, f"{path.relative_to(ROOT)}:{line}"


def _names(expression: ast.expr) -> Iterator[ast.Name]:
    return (one for one in ast.walk(expression) if isinstance(one, ast.Name))


def _assigned(function: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """What a function's own names are set to, each time."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            values = node.value.elts if isinstance(node.value, ast.Tuple) else []
            for target, value in zip(node.targets[0].elts, values, strict=False):
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(value)
    return found


def _errors_in(module: _Module) -> Iterator[tuple[ast.FunctionDef | None, ast.Call]]:
    """Every making of an error, with the function around it."""
    around: dict[ast.AST, ast.FunctionDef] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef):
            around |= dict.fromkeys(ast.walk(node), node)
    for node in ast.walk(module.tree):
        if (
            isinstance(node, ast.Call)
            and (getattr(node.func, "attr", None) or getattr(node.func, "id", "")) in error_classes()
        ):
            yield around.get(node), node


def _spoken(call: ast.Call) -> list[ast.expr]:
    """What happened, and the remedy."""
    named = {one.arg: one.value for one in call.keywords}
    what = call.args[0] if call.args else named.get("what")
    return [one for one in (what, named.get("remedy")) if one is not None]


def _parameters(function: ast.FunctionDef) -> list[str]:
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [one.arg for one in every if one.arg not in ("self", "cls")]


def _bindings(function: ast.FunctionDef, module: _Module) -> list[tuple[dict[str, list[ast.expr]], int]]:
    """What each call of the function gives it; where it is called with nothing that can be read, once with gaps."""
    parameters = _parameters(function)
    found = [
        (_arguments(parameters, node), node)
        for user, node in _calls().get(function.name, ())
        if user is module or not function.name.startswith("_")
    ]
    texts = [(bound, node.lineno) for bound, node in found if any(_has_text(one) for [one] in bound.values())]
    return texts or [({}, function.lineno)]


def _arguments(parameters: list[str], call: ast.Call) -> dict[str, list[ast.expr]]:
    named = {one.arg: one.value for one in call.keywords if one.arg}
    return {name: [value] for name, value in (dict(zip(parameters, call.args, strict=False)) | named).items()}


def _has_text(expression: ast.expr) -> bool:
    return any(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in ast.walk(expression))


def _readings(expression: ast.expr, module: _Module, bound: Mapping[str, list[ast.expr]], depth: int = 0) -> list[str]:
    """What the expression can say: each branch of a choice once, a gap for what is known only when it is raised."""
    if depth > 12:
        return [GAP]

    def read(one: ast.expr) -> list[str]:
        return _readings(one, module, bound, depth + 1)

    if isinstance(expression, ast.Constant):
        return [expression.value] if isinstance(expression.value, str) else [GAP]
    if isinstance(expression, ast.JoinedStr):
        return _joined(read(one) for one in expression.values)
    if isinstance(expression, ast.FormattedValue):
        return [GAP] if expression.conversion == ord("r") else read(expression.value)
    if isinstance(expression, ast.IfExp):
        return [*read(expression.body), *read(expression.orelse)]
    if isinstance(expression, ast.BoolOp):
        return [one for value in expression.values for one in read(value)]
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Add):
        return _joined((read(expression.left), read(expression.right)))
    if isinstance(expression, ast.Name):
        if expression.id in bound:
            rest = {name: values for name, values in bound.items() if name != expression.id}
            return [one for value in bound[expression.id] for one in _readings(value, module, rest, depth + 1)]
        if expression.id in module.constants:
            return read(module.constants[expression.id])
        source = _path_of(module.imported.get(expression.id) or "none")
        if source is not None and expression.id in _read(source).constants:
            return _readings(_read(source).constants[expression.id], _read(source), {}, depth + 1)
    return [GAP]


def _joined(parts: Iterator[list[str]] | tuple[list[str], ...]) -> list[str]:
    return ["".join(one) for one in itertools.islice(itertools.product(*parts), _MOST)]
