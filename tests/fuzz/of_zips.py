"""Tampering with a zip as a zip."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

from evidence_export.bag.zipform import CENTRAL_SIGN, END, END_SIGN, LOCAL, LOCAL_SIGN, ZipMember, structure
from tests.fuzz.mutators import Must, Mutation, Work, mutator


def _zip(work: Work) -> Path | None:
    if not work.form.as_zip:
        return None
    return work.form.packed(work.bundle, work.folder / f"{work.bundle.name}.zip")


@mutator
def zip_bytes(work: Work) -> Mutation | None:
    path = _zip(work)
    if path is None:
        return None
    data = bytearray(path.read_bytes())
    at = work.dice.randrange(len(data))
    data[at] ^= 1 << work.dice.randrange(8)
    path.write_bytes(data)
    return Mutation(path, Must.REFUSE, f"a bit of byte {at}")


@mutator
def zip_tables(work: Work) -> Mutation | None:
    """Sizes, offsets and names that lie, in either table."""
    path = _zip(work)
    if path is None:
        return None
    data = bytearray(path.read_bytes())
    sign = work.dice.choice([LOCAL_SIGN, CENTRAL_SIGN, END_SIGN])
    places = [at for at in range(len(data) - 3) if data[at : at + 4] == sign]
    at = work.dice.choice(places)
    size = {LOCAL_SIGN: LOCAL.size, CENTRAL_SIGN: 46, END_SIGN: END.size}[sign]
    width = work.dice.choice([2, 4])
    field = at + work.dice.randrange(4, size - width + 1)
    value = work.dice.choice([0, 1, 0xFFFFFFFF, 0xFFFF, 0x7FFFFFFF, work.dice.getrandbits(32)])
    before = bytes(data)
    data[field : field + width] = struct.pack("<I", value & 0xFFFFFFFF)[:width]
    if bytes(data) == before:
        return None
    path.write_bytes(data)
    return Mutation(path, Must.REFUSE, f"field at {field} of a header set to {value}")


@mutator
def zip_cut(work: Work) -> Mutation | None:
    path = _zip(work)
    if path is None:
        return None
    data = path.read_bytes()
    match work.dice.randrange(5):
        case 0:
            cut = data[: work.dice.randrange(4, len(data))]
        case 1:
            cut = data + work.dice.choice([b"\0", b"PK\x05\x06" + bytes(18), data])
        case 2:
            cut = work.dice.randbytes(work.dice.randrange(1, 60)) + data
        case 3:
            at = work.dice.randrange(len(data))
            cut = data[:at] + data[at + work.dice.randrange(1, 50) :]
        case _:
            at = work.dice.randrange(len(data))
            cut = data[:at] + work.dice.randbytes(work.dice.randrange(1, 50)) + data[at:]
    path.write_bytes(cut)
    return Mutation(path, Must.REFUSE, "cut, joined, or with something in between")


@mutator
def zip_overlapping(work: Work) -> Mutation | None:
    """Two entries of the directory that point to the same content; or thousands: the better zip bomb."""
    path = _zip(work)
    if path is None:
        return None
    data = bytearray(path.read_bytes())
    *_, count, length, offset, _ = END.unpack(data[-END.size :])
    directory = bytes(data[offset : offset + length])
    times = work.dice.choice([2, 50, 4000])
    many = directory * times
    end = END.pack(END_SIGN, 0, 0, (count * times) & 0xFFFF, (count * times) & 0xFFFF, len(many), offset, 0)
    path.write_bytes(bytes(data[:offset]) + many + end)
    return Mutation(path, Must.REFUSE, f"every entry {times} times")


@mutator
def zip_crowded(work: Work) -> Mutation | None:
    """Tens of thousands of entries, each with another name that no bundle holds."""
    if not work.form.as_zip or work.dice.random() > 0.2:
        return None
    path = work.folder / f"{work.bundle.name}.zip"
    prefix = work.dice.choice(["", f"{work.bundle.name}/"])
    members = [ZipMember(f"{prefix}{number:x}", 0, 0) for number in range(work.dice.choice([5000, 38_000, 65_000]))]
    with path.open("wb") as file:
        for part in structure(members):
            file.seek(part.offset)
            file.write(part.data)
    return Mutation(path, Must.REFUSE, f"{len(members)} entries")


@mutator
def zip_written_otherwise(work: Work) -> Mutation | None:
    """By another program: names, methods, kinds of entries that no bundle has."""
    path = _zip(work)
    if path is None:
        return None
    name, before = work.bundle.name, path.read_bytes()
    files = {f"{name}/{one}": (work.bundle / one).read_bytes() for one in work.files()}
    victim = work.dice.choice(sorted(files))
    extra: list[tuple[zipfile.ZipInfo, bytes]] = []
    method = zipfile.ZIP_STORED
    what = work.dice.choice(
        [
            "deflated",
            "bomb",
            "traversal",
            "absolute",
            "backslash",
            "twice",
            "folder",
            "symlink",
            "comment",
            "extra",
            "upper",
            "look-alike",
            "no folder",
            "two folders",
            "zip64",
            "dated",
            "nested",
            "unsorted",
            "long name",
            "nul",
        ]
    )

    def entry(label: str, data: bytes, attributes: int = 0o100644 << 16) -> None:
        info = zipfile.ZipInfo(label)
        info.create_system, info.external_attr = 3, attributes
        extra.append((info, data))

    if what == "deflated":
        method = zipfile.ZIP_DEFLATED
    elif what == "bomb":
        method = zipfile.ZIP_DEFLATED
        files[victim] = bytes(8 << 20)
    elif what == "traversal":
        entry(f"{name}/../../../tmp/fuzz-traversal", b"x")
    elif what == "absolute":
        entry("/tmp/fuzz-absolute", b"x")
    elif what == "backslash":
        entry(f"{name}\\data\\x.png", b"x")
    elif what == "twice":
        entry(victim, files[victim])
    elif what == "folder":
        entry(f"{name}/data/", b"", 0o040755 << 16)
    elif what == "symlink":
        entry(f"{name}/data/link", b"/etc/passwd", 0o120777 << 16)
    elif what == "upper":
        files[victim.upper()] = files.pop(victim)
    elif what == "look-alike":
        files[victim.replace("a", "а")] = files.pop(victim)
    elif what == "no folder":
        files = {one.partition("/")[2]: data for one, data in files.items()}
    elif what == "two folders":
        files[victim.replace(name, name + "x", 1)] = files.pop(victim)
    elif what == "nested":
        entry(f"{name}/data/inner.zip", path.read_bytes())
    elif what == "long name":
        entry(f"{name}/data/{'x' * 60_000}", b"x")
    elif what == "nul":
        entry(f"{name}/data/a\x01b", b"x")
    with zipfile.ZipFile(path, "w", method) as archive:
        order = sorted(files, reverse=what == "unsorted")
        for label in order:
            info = zipfile.ZipInfo(label, (2026, 3, 1, 0, 0, 0) if what == "dated" else (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr, info.compress_type = 3, 0o100644 << 16, method
            if what == "extra":
                info.extra = b"\x99\x99\x04\x00abcd"
            with archive.open(info, "w", force_zip64=what == "zip64") as out:
                out.write(files[label])
        for info, data in extra:
            with _quiet():
                archive.writestr(info, data)
        if what == "comment":
            archive.comment = b"hello"
    if path.read_bytes() == before:
        return None  # byte for byte what the sealer writes, which another program may write as well
    return Mutation(path, Must.REFUSE, what)


class _quiet:
    """`zipfile` warns of names that stand twice."""

    def __enter__(self) -> None:
        import warnings

        self._caught = warnings.catch_warnings()
        self._caught.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, *error: object) -> None:
        self._caught.__exit__(None, None, None)
