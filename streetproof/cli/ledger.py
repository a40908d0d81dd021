"""`streetproof ledger`: the append-only log 存证日志 of what happened to evidence, checked, proven from, witnessed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from evidence_export.words import Language, Said
from streetproof.cli.exits import Exit
from streetproof.cli.language import language_of
from streetproof.cli.options import Json, Key, Passphrase, Pin
from streetproof.cli.output import out, print_json
from streetproof.cli.refusals import said

CHECK_EPILOG = (
    "Example: streetproof ledger check --data streetproof-data --witness /mnt/procuratorate    "
    "Exit codes: 0 in order · 1 something is wrong; each fault is told · 2 usage · 4 there is no ledger or no key, or "
    "the witness cannot be asked"
)
PROVE_EPILOG = (
    "Example: streetproof ledger prove SP-20261102-ABCDEFGHIJKL --data streetproof-data > proof.json    "
    "Exit codes: 0 proven · 2 usage · 4 there is no ledger, or nothing of that name in it"
)
VERIFY_EPILOG = (
    "Example: streetproof ledger verify proof.json --key site-key.pub.pem    "
    "Exit codes: 0 it holds · 1 it does not · 2 usage · 4 the file or the key cannot be read"
)
SIGN_EPILOG = (
    "Example: streetproof ledger sign --data streetproof-data    "
    "Exit codes: 0 signed, also where nothing was new · 2 usage · 4 not signed: the ledger does not go on from what "
    "was signed last, or there is no ledger or key"
)
WITNESS_EPILOG = (
    "Example: streetproof ledger witness /mnt/procuratorate --data streetproof-data    "
    "Exit codes: 0 handed over · 2 usage · 4 not handed over: history was rewritten, or "
    "the witness refuses or cannot be reached"
)
STAMP_EPILOG = (
    "Example: streetproof ledger stamp site.yaml --data streetproof-data    "
    "Exit codes: 0 done, also where none waits · 2 usage · 4 the authority gave none, or there is no ledger"
)
_Data = Annotated[
    Path, typer.Option("--data", "-d", help="The folder that a batch wrote to (--out), or the daemon's (--data).")
]
_Keys = Annotated[
    list[Path] | None,
    typer.Option("--key", help="Public key of the site (PEM), again for older ones; default: the site key here."),
]
_Lang = Annotated[
    Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
]
_Roots = Annotated[
    Path | None,
    typer.Option("--tsa-ca", help="Root certificates (PEM) of the time-stamping authority: time stamps are checked."),
]
_Plain = Annotated[
    bool, typer.Option("--plain-http", help="Allow http:// to other machines, where the way there is safe otherwise.")
]
_HERE = Path("streetproof-data")

app = typer.Typer(help="The ledger 存证日志: what happened to evidence, in an order nobody can change unseen.")


@app.command(epilog=CHECK_EPILOG)
def check(
    data: _Data = _HERE,
    key: _Keys = None,
    witness: Annotated[
        str | None,
        typer.Option(
            help="Folder, https://host/folder/ or s3://bucket/prefix with checkpoints that somebody else keeps: finds "
            "roll-backs."
        ),
    ] = None,
    plain_http: _Plain = False,
    tsa_ca: _Roots = None,
    as_json: Json = False,
    lang: _Lang = None,
) -> None:
    """Read the whole ledger: every entry, every hash, every signed checkpoint, and what a witness has kept.

    Finds entries that were edited, deleted, inserted or reordered, and a ledger that was cut. One that was set back to
    an older copy of itself is found only with --witness.
    """
    from evidence_export.ledger import check as checking
    from streetproof.ledgers import reading
    from streetproof.ledgers.authority import roots_at
    from streetproof.ledgers.signing import kept_at
    from streetproof.ledgers.witness import witnessed_at
    from streetproof.ledgers.words import FAULTS

    language = lang or language_of(os.environ)
    with reading.opened(data) as store:
        keys = reading.keys_of(store, key or [])
        kept = witnessed_at(store, witness, plain=plain_http) if witness is not None else []
        own = kept_at(data)
        roots = [] if tsa_ca is None else roots_at(tsa_ca)
        found = list(checking.check(store, keys, kept, roots, beside=[] if own is None else [own]))
        size, signed, origin = store.size(), sum(1 for _ in store.checkpoints()), store.origin
        tail = checking.unsigned(store)
        stamped = sum(1 for _ in store.stamps())
    if as_json:
        faults = [{"fault": str(one.fault), "where": one.where, "what": one.what} for one in found]
        counts = {"entries": size, "unsigned_entries": tail, "checkpoints": signed}
        counts |= {"time_stamps": stamped, "witnessed": len(kept)}
        print_json({"ledger": origin, **counts, "time_stamps_checked": tsa_ca is not None, "faults": faults})
    else:
        for one in found:
            out.print("✗ ", style="bold red", end="")
            parts = FAULTS[one.fault].to(language), said(one.where, language), said(one.what, language)
            out.print(Said("：".join(parts), ": ".join(parts)).to(language), markup=False)
        told = Said(
            f"{origin}：{size} 条，{signed} 个检查点，时间戳 {stamped} 个，见证 {len(kept)} 个；"
            + ("有误" if found else "完整无误"),
            f"{origin}: {size} entries, {signed} checkpoints, {stamped} of them stamped, {len(kept)} witnessed; "
            + ("something is wrong" if found else "all in order"),
        )
        out.print(told.to(language), style="bold red" if found else "bold green", markup=False)
        if tail and not found:
            open_ended = Said(
                f"最后 {tail} 条尚未签名，其改动无从发现：守护进程每五分钟签名一次，也可用 `streetproof ledger sign`",
                f"The last {tail} entries are not signed yet, and changes to them would not be found: the daemon signs "
                "every five minutes, `streetproof ledger sign` at once",
            )
            out.print(open_ended.to(language), style="yellow", markup=False)
        if not kept and not found:
            unseen = Said(
                "若整个账本被换成旧副本，仅凭自身无法发现：请用 --witness 指定他方保存的检查点",
                "An older copy of the whole ledger would look the same: name checkpoints kept elsewhere with --witness",
            )
            out.print(unseen.to(language), style="dim", markup=False)
    if found:
        raise typer.Exit(Exit.FAILED)


@app.command(epilog=PROVE_EPILOG)
def prove(
    about: Annotated[str, typer.Argument(help="Id of a case, CAMERA/NUMBER of a segment, or the number of an entry.")],
    data: _Data = _HERE,
    as_json: Json = False,
) -> None:
    """Print a proof, as JSON, for each entry about something: anyone checks it with the site's public key alone."""
    from streetproof.ledgers import reading
    from streetproof.ledgers.proofs import prove as proofs

    del as_json  # it is JSON either way
    with reading.opened(data) as store:
        found = proofs(store, about)
    print_json(found[0] if len(found) == 1 else found)


@app.command(epilog=VERIFY_EPILOG)
def verify(
    proof: Annotated[Path, typer.Argument(help="A file that `streetproof ledger prove` wrote.")],
    key: Annotated[list[Path], typer.Option("--key", help="Public key of the site (PEM).")],
    tsa_ca: _Roots = None,
    as_json: Json = False,
    lang: _Lang = None,
) -> None:
    """Check proofs: that what they say was entered, under a checkpoint that the site has signed."""
    from streetproof.ledgers import reading
    from streetproof.ledgers.authority import roots_at
    from streetproof.ledgers.proofs import MAX_PROOF_BYTES, judged

    language = lang or language_of(os.environ)
    keys = [one for path in key for one in reading.keys_at(path)]
    try:
        with proof.open("rb") as stream:
            text = stream.read(64 * MAX_PROOF_BYTES)
    except OSError as error:
        raise reading.LedgerError(
            f"the proof cannot be read ({error.strerror})", where=str(proof), remedy="Check the path"
        ) from error
    results = [judged(one, keys, [] if tsa_ca is None else roots_at(tsa_ca)) for one in _each(text)]
    if as_json:
        print_json([
            {"entry": one.entry, "holds": not one.faults, "stamped": one.stamped, "faults": list(one.faults)}
            for one in results
        ])  # fmt: skip
    else:
        for one in results:
            entry = one.entry
            what = "?" if entry is None else f"{entry['seq']} {entry['at']} {entry['kind']} {entry['about']}"
            out.print("✗ " if one.faults else "✓ ", style="bold red" if one.faults else "bold green", end="")
            out.print(what, markup=False)
            if one.stamped is not None:
                told = Said(f"可信时间戳 {one.stamped}", f"existed at {one.stamped}, by the authority's time stamp")
                out.print(f"  {told.to(language)}", markup=False)
            for fault in one.faults:
                out.print(f"  {said(fault, language)}", markup=False)
        if not results:
            out.print(Said("其中没有证明", "there is no proof in it").to(language), markup=False)
    if not results or any(one.faults for one in results):
        raise typer.Exit(Exit.FAILED)


@app.command(epilog=SIGN_EPILOG)
def sign(
    data: _Data = _HERE,
    key: Key = None,
    passphrase: Passphrase = None,
    pin: Pin = None,
    restored: Annotated[
        str | None,
        typer.Option(
            help="Why: the database was brought back from a backup, and entries that were signed are lost. That is "
            "entered in the ledger; needs --officer."
        ),
    ] = None,
    officer: Annotated[str | None, typer.Option(help="Name of whoever brought it back.")] = None,
    as_json: Json = False,
    lang: _Lang = None,
) -> None:
    """Enter what waits and sign a checkpoint, without waiting for the daemon or the next batch.

    What is signed must begin with what was signed last, which lies in `last-checkpoint.txt` beside the data.
    """
    from evidence_export.keys import open_keys
    from evidence_export.keys.opening import KeySpec
    from evidence_export.ledger.checkpoint import read_note
    from streetproof.cli.database import opened
    from streetproof.keys import default_key
    from streetproof.ledgers import reading
    from streetproof.ledgers.bookkeeping import Bookkeeper
    from streetproof.ledgers.signing import sign_restored

    if restored is not None and officer is None:
        raise typer.BadParameter("tell who brought it back with --officer", param_hint="--restored")
    language = lang or language_of(os.environ)
    with opened(data, "there is nothing here to sign") as store, reading.opened(data) as ledger:
        spec = KeySpec((key or default_key(ledger.site)).absolute(), passphrase, pin, ledger.site)
        if not spec.path.exists():  # a new one would sign what nobody could check
            raise reading.LedgerError(
                "there is no key of this site here",
                where=str(spec.path),
                remedy="Name the key that seals its cases with --key",
            )
        signer = open_keys(spec).first
        books = Bookkeeper(store, ledger)
        if restored is None:
            books.enter()
            note = books.checkpoint(data, signer)
        else:
            note = sign_restored(data, ledger, signer, restored, officer or "")
            books.enter()
            books.checkpoint(data, signer)
        size = ledger.size()
    if as_json:
        print_json({"signed": note is not None, "entries": size})
    elif note is None:
        out.print(Said(f"{size} 条均已签名", f"all {size} entries are signed already").to(language), markup=False)
    else:
        at = read_note(note).checkpoint.at
        out.print(Said(f"已签名：{size} 条，{at}", f"signed: {size} entries, {at}").to(language), markup=False)


@app.command(epilog=WITNESS_EPILOG)
def witness(
    target: Annotated[
        str,
        typer.Argument(
            help="A folder that a second party keeps (a share, a mounted drive), https://host/folder/, or "
            "s3://bucket/prefix.",
            metavar="TARGET",
        ),
    ],
    plain_http: _Plain = False,
    data: _Data = _HERE,
    as_json: Json = False,
    lang: _Lang = None,
) -> None:
    """Hand the newest checkpoint to somebody else, so that not even the operator can rewrite history unseen.

    First the ledger has to prove that it begins with every checkpoint that is there already. A password for
    https:// stands in STREETPROOF_WITNESS_TOKEN, or in STREETPROOF_WITNESS_USER and STREETPROOF_WITNESS_PASSWORD.
    """
    from evidence_export.ledger.checkpoint import read_note
    from streetproof.ledgers import reading
    from streetproof.ledgers.witness import hand_over_to

    language = lang or language_of(os.environ)
    with reading.opened(data) as store:
        path = hand_over_to(store, target, plain=plain_http)
        # Of the newest one alone: a hand-over costs the same after years.
        tail = store.size() - read_note(reading.newest_checkpoint(store)).checkpoint.size
    if as_json:
        print_json({"checkpoint": path, "unsigned_entries": tail})
        return
    out.print(Said(f"已交存 {path}", f"handed over: {path}").to(language), markup=False)
    if tail:
        later = Said(
            f"此后另有 {tail} 条尚未签名，未包含在内：先用 `streetproof ledger sign` 签名",
            f"{tail} entries since then are not signed and not covered: sign them first with `streetproof ledger sign`",
        )
        out.print(later.to(language), style="yellow", markup=False)


@app.command(epilog=STAMP_EPILOG)
def stamp(
    site: Annotated[Path, typer.Argument(help="The site file (YAML), which names the authority.", show_default=False)],
    data: _Data = _HERE,
    as_json: Json = False,
    lang: _Lang = None,
) -> None:
    """Have the newest checkpoint stamped 可信时间戳 by the time-stamping authority, where a batch found it down."""
    from streetproof.ledgers import reading
    from streetproof.ledgers.authority import authority_of
    from streetproof.ledgers.bookkeeping import stamp_newest
    from streetproof.settings.load import load_site

    language = lang or language_of(os.environ)
    authority = authority_of(load_site(site))
    if authority is None:
        raise reading.LedgerError(
            "the site file names no time-stamping authority",
            where=str(site),
            remedy="Write `evidence: {time_stamps: {url: https://..., ca: tsa-ca.pem}}`; docs/ledger.md says how",
        )
    with reading.opened(data) as store:
        done = stamp_newest(store, authority)
    if as_json:
        print_json({"stamped": done, "authority": authority.label})
    else:
        told = (
            Said(f"已由 {authority.label} 加盖时间戳", f"stamped by {authority.label}")
            if done
            else Said("没有等待加盖时间戳的检查点", "no checkpoint waits for a time stamp")
        )
        out.print(told.to(language), markup=False)


def _each(text: bytes) -> list[bytes]:
    """The proofs of a file: one, or a list of them; what is neither is one that cannot be read."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    return [json.dumps(one, ensure_ascii=False).encode() for one in value] if isinstance(value, list) else [text]
