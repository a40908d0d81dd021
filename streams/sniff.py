"""Says in words what a file is that libav would not open: a guess from its first bytes, for error messages only."""

from __future__ import annotations

from pathlib import Path

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "is a JPEG picture, not a recording"),
    (b"\x89PNG", "is a PNG picture, not a recording"),
    (b"GIF8", "is a GIF picture, not a recording"),
    (b"BM", "is a BMP picture, not a recording"),
    (b"II*\0", "is a TIFF picture, not a recording"),
    (b"MM\0*", "is a TIFF picture, not a recording"),
    (b"PK\x03\x04", "is a ZIP archive, not a recording: unpack it first"),
    (b"Rar!", "is a RAR archive, not a recording: unpack it first"),
    (b"7z\xbc\xaf", "is a 7-Zip archive, not a recording: unpack it first"),
    (b"%PDF", "is a PDF document, not a recording"),
    (b"SQLite format 3", "is a database, not a recording"),
    (b"ID3", "holds sound only"),
    (b"OggS", "is an Ogg file, which is not supported"),
    (b"fLaC", "holds sound only"),
    (b"\x30\x26\xb2\x75", "is a Windows Media file, which is not supported"),
)
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"v=0", b"[playlist]", b"<MPD", b"rtsp://", b"http://", b"https://", b"file ")
_ANNEX_B = (b"\x00\x00\x00\x01", b"\x00\x00\x01")
_HEAD = 4096
_MAX_BOXES = 10_000


def explain(path: Path) -> str | None:
    """One clause that fits behind the file's name, or None where the bytes say nothing."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return None
    for magic, words in _MAGIC:
        if head.startswith(magic):
            return words
    if head[:4] == b"RIFF" and head[8:12] in (b"WEBP", b"WAVE"):
        return "is a WebP picture, not a recording" if head[8:12] == b"WEBP" else "holds sound only"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(_PLAYLISTS) or b"<MPD" in text[:512]:
        return "is a playlist that points at other files or addresses; it is not followed"
    if not head.strip(b"\0"):
        return "holds nothing but zero bytes at its beginning: space was reserved and the recording never written"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return _explain_mp4(path)
    if head.startswith(_ANNEX_B) and head.lstrip(b"\0")[1:2] not in (b"\xba", b"\xbb"):
        return "is a bare video stream without timestamps: its times cannot be known"
    if _is_text(head):
        return "is a text file, not a recording"
    return None


def _is_text(head: bytes) -> bool:
    try:
        # The last character may be cut in two by the read.
        words = head.decode("utf-8", errors="strict" if len(head) < _HEAD else "ignore")
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character in "\t\r\n" for character in words)


def _explain_mp4(path: Path) -> str:
    """Walk the top-level boxes (ISO/IEC 14496-12, 4.2) for the index."""
    size = path.stat().st_size
    position = 0
    kinds: set[bytes] = set()
    with path.open("rb") as file:
        for _ in range(_MAX_BOXES):
            # A damaged length may point anywhere, also where no file can reach.
            if position >= size:
                break
            file.seek(position)
            header = file.read(16)
            if len(header) < 8:
                break
            length = int.from_bytes(header[:4], "big")
            kinds.add(header[4:8])
            if length == 1:
                length = int.from_bytes(header[8:16], "big")
            elif length == 0:
                break
            if length < 8:
                break
            position += length
    if b"moov" not in kinds:
        return "its index (moov) is missing: the recording was cut off before it was finished, and nothing can be read"
    if position > size:
        return "its index (moov) is cut off or damaged, and nothing can be read"
    return "its index (moov) is damaged, and nothing can be read"
