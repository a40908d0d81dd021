"""Tampering with the files of a bundle, without any key."""

from __future__ import annotations

import os
import shutil

from evidence_export.bag import layout
from tests.fuzz.mutators import Must, Mutation, Work, mutator

LOOK_ALIKES = {"a": "а", "c": "с", "e": "е", "o": "о", "p": "р", "i": "і", "s": "ѕ", "1": "１", ".": "․"}
"""Signs of other scripts that look like these."""


@mutator
def flipped_bit(work: Work) -> Mutation | None:
    name = work.any_file()
    data = bytearray((work.bundle / name).read_bytes())
    if not data:
        return None
    at, bit = work.dice.randrange(len(data)), work.dice.randrange(8)
    data[at] ^= 1 << bit
    (work.bundle / name).write_bytes(data)
    return work.done(Must.REFUSE, f"bit {bit} of byte {at} of {name}", name)


@mutator
def flipped_bits(work: Work) -> Mutation | None:
    """Several, anywhere."""
    for _ in range(work.dice.randint(2, 12)):
        name = work.any_file()
        data = bytearray((work.bundle / name).read_bytes())
        at = work.dice.randrange(len(data))
        data[at] ^= work.dice.randrange(1, 256)
        (work.bundle / name).write_bytes(data)
    return work.done(Must.REFUSE, "several bytes")


@mutator
def truncated(work: Work) -> Mutation | None:
    name = work.any_file()
    size = (work.bundle / name).stat().st_size
    if not size:
        return None
    os.truncate(work.bundle / name, work.dice.choice([0, size - 1, work.dice.randrange(size)]))
    return work.done(Must.REFUSE, f"{name} cut short", name)


@mutator
def extended(work: Work) -> Mutation | None:
    name = work.any_file()
    more = work.dice.choice([b"\n", b"\0", b" ", b"{}", work.dice.randbytes(40)])
    with (work.bundle / name).open("ab") as file:
        file.write(more)
    return work.done(Must.REFUSE, f"{name} with {more!r} behind it", name)


@mutator
def made_to_take_long(work: Work) -> Mutation | None:
    """What a careless reader looks at again and again: white space before what never comes, names without end."""
    small = [name for name in work.files() if (work.bundle / name).stat().st_size < layout.MAX_TAG_BYTES]
    keys = [name for name in small if name.endswith(".pem")]
    name, size = work.dice.choice(work.dice.choice([small, keys])), work.dice.choice([4_000, 16_000, 1_000_000])
    label = b"CERTIFICATE" if name.endswith(".cert.pem") else b"PUBLIC KEY"
    begin, end = b"-----BEGIN " + label + b"-----", b"-----END " + label + b"-----"
    blank = work.dice.choice([b" ", b"\n", b"\t \r\n"]) * size
    data = work.dice.choice(
        [
            begin + blank[:size] + b"!",
            begin + b"\n" + b"A" * (size // 2) + blank[: size // 2] + b"!" + end,
            (begin + b"\n") * (size // 40),
            blank[:size],
            b"{" + b",".join(b'"%x":0' % number for number in range(size // 9)) + b',"0":0}',
            b'{"a":"' + b"\\u0000" * (size // 6) + b'"}',
            b"0" * 64 + b"  " + b"a/" * (size // 2),
        ]
    )[: layout.MAX_TAG_BYTES]
    (work.bundle / name).write_bytes(data)
    return work.done(Must.REFUSE, f"{name} made to take long", name)


@mutator
def rewritten_text(work: Work) -> Mutation | None:
    """Edits that mean the same to a person, or to a careless reader."""
    texts = [name for name in work.files() if not name.endswith((".png", ".mp4", ".pyz", ".sig", ".tsr"))]
    name = work.dice.choice(texts)
    data = (work.bundle / name).read_bytes()
    edits = [
        data.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + data,
        data + b"\n",
        data.upper(),
        data.lower(),
        data.replace(b":", b": "),
        b"\n".join(reversed(data.split(b"\n"))),
        data.replace(b"  ", b" *"),
        data.strip(),
        data.replace(b"/", b"\\"),
        data + b"\x1a",
        data.decode("utf-8").encode("utf-16"),
        data.replace(b"e", b"\xc3\x28", 1),
    ]
    edit = work.dice.choice(edits)
    if edit == data:
        return None
    (work.bundle / name).write_bytes(edit)
    return work.done(Must.REFUSE, f"{name} written otherwise", name)


@mutator
def removed(work: Work) -> Mutation | None:
    name = work.any_file()
    (work.bundle / name).unlink()
    if work.form.as_zip:
        return work.done(Must.REFUSE, f"without {name}", name)
    for folder in sorted((work.bundle / name).parents):
        if folder != work.bundle and folder.is_relative_to(work.bundle) and not any(folder.iterdir()):
            folder.rmdir()
    return work.done(Must.REFUSE, f"without {name}", name)


@mutator
def renamed(work: Work) -> Mutation | None:
    """By case, by a look-alike of another script, or altogether."""
    name = work.any_file()
    stem = os.path.basename(name)
    letter = next((sign for sign in stem if sign in LOOK_ALIKES), None)
    new = work.dice.choice(
        [
            stem.upper(),
            stem.swapcase(),
            stem + " ",
            stem + ".",
            "x" + stem,
            stem.replace(".", ". "),
            stem if letter is None else stem.replace(letter, LOOK_ALIKES[letter], 1),
            stem + "\u202e",
            "\u200b" + stem,
        ]
    )
    target = (work.bundle / name).with_name(new)
    if new == stem or target.exists():
        return None
    (work.bundle / name).rename(target)
    return work.done(Must.REFUSE, f"{name} called {new!r}", name)


@mutator
def swapped(work: Work) -> Mutation | None:
    one, two = work.any_file(), work.any_file()
    first, second = (work.bundle / one).read_bytes(), (work.bundle / two).read_bytes()
    if first == second:
        return None
    (work.bundle / one).write_bytes(second)
    (work.bundle / two).write_bytes(first)
    return work.done(Must.REFUSE, f"{one} and {two} swapped", one if one != work.form.kind.signature else None)


@mutator
def added(work: Work) -> Mutation | None:
    """A file that nobody sealed."""
    name = work.dice.choice(
        [
            "extra.txt",
            "data/extra.png",
            ".hidden",
            "data/.DS_Store",
            "Thumbs.db",
            "data/stills/panorama-9.png",
            "case.json.sig.bak",
            "release.json",
            "recheck.json",
            "case.json.second.sig",
            "fetch.txt",
            "data/片段.mp4",
            "DATA/clip.mp4",
            "data/keys/site-key.cert.pem",
            "data/keys/second-key.pub.pem",
            "data/keys/x.pem",
            "CON",
            "a" * 200,
            "data/\x1b[2J",
            "tagmanifest-md5.txt",
            "verify.html",
            "data/case/case.json",
        ]
    )
    path = work.bundle / name
    if path.exists():
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(work.dice.choice([b"", b"x", b"{}", work.dice.randbytes(50)]))
    return work.done(Must.REFUSE, f"with {name!r} beside")


@mutator
def added_from_itself(work: Work) -> Mutation | None:
    """A sealed file twice, under another name."""
    name = work.any_file()
    copy = f"{name}.copy"
    shutil.copyfile(work.bundle / name, work.bundle / copy)
    return work.done(Must.REFUSE, f"{name} twice", copy)


@mutator
def odd_things(work: Work) -> Mutation | None:
    """Links, pipes, empty folders: of folders only."""
    if work.form.as_zip:
        return None
    name = work.any_file()
    place = work.bundle / name
    match work.dice.randrange(7):
        case 0:
            (work.bundle / "data" / "empty").mkdir()
            return Mutation(work.bundle, Must.REFUSE, "an empty folder", "data/empty/")
        case 1:
            place.rename(work.folder / "moved")
            place.symlink_to(work.folder / "moved")
            return Mutation(work.bundle, Must.REFUSE, f"{name} as a link to its own bytes", name)
        case 2:
            place.unlink()
            os.mkfifo(place)
            return Mutation(work.bundle, Must.REFUSE, f"{name} as a pipe", name)
        case 3:
            place.unlink()
            place.mkdir()
            return Mutation(work.bundle, Must.REFUSE, f"{name} as a folder")
        case 4:
            (work.bundle / "data" / "loop").symlink_to(work.bundle)
            return Mutation(work.bundle, Must.REFUSE, "a loop", "data/loop")
        case 5:
            place.unlink()
            place.symlink_to("/dev/zero")
            return Mutation(work.bundle, Must.REFUSE, f"{name} as a link to a device", name)
        case _:
            deep = work.bundle / "data" / "/".join("d" * 3 for _ in range(work.dice.choice([5, 12, 60])))
            deep.mkdir(parents=True)
            (deep / "x").write_bytes(b"x")
            return Mutation(work.bundle, Must.REFUSE, "very deep folders")


@mutator
def enormous(work: Work) -> Mutation | None:
    """A file of gigabytes, which takes no room on the disk: reading it would take minutes."""
    if work.form.as_zip:
        return None
    name = work.any_file()
    os.truncate(work.bundle / name, work.dice.choice([3 << 30, 1 << 40]))
    return Mutation(work.bundle, Must.REFUSE, f"{name} of gigabytes", name)


@mutator
def very_many(work: Work) -> Mutation | None:
    if work.form.as_zip or work.dice.random() > 0.05:
        return None  # it takes a second to make
    for number in range(layout.MAX_FILES + 3):
        (work.bundle / "data" / f"{number}.bin").touch()
    return Mutation(work.bundle, Must.REFUSE, "thousands of files")


@mutator
def of_another_bundle(work: Work) -> Mutation | None:
    """Genuine files of another bundle of the same site in the place of its own."""
    names = [name for name in work.form.spare if (work.bundle / name).exists()]
    if not names:
        return None
    name = work.dice.choice(names)
    if (work.bundle / name).read_bytes() == work.form.spare[name]:
        return None
    (work.bundle / name).write_bytes(work.form.spare[name])
    return work.done(Must.REFUSE, f"{name} of another bundle")


@mutator
def repaired_lists(work: Work) -> Mutation | None:
    """A payload file changed, and every list that is not signed made to fit."""
    from evidence_export.bag.digest import digest_file

    payload = [name for name in work.files() if name.startswith(layout.PAYLOAD)]
    name = work.dice.choice(payload)
    (work.bundle / name).write_bytes(b"forged " + work.dice.randbytes(8))
    (work.bundle / layout.MANIFEST).write_bytes(
        layout.manifest_bytes({one: digest_file(work.bundle / one).sha256 for one in payload})
    )
    tags = layout.parse_manifest((work.bundle / layout.TAG_MANIFEST).read_bytes())
    tags[layout.MANIFEST] = digest_file(work.bundle / layout.MANIFEST).sha256
    (work.bundle / layout.TAG_MANIFEST).write_bytes(layout.manifest_bytes(tags))
    return work.done(Must.REFUSE, f"{name} forged, and the lists made to fit", name)
