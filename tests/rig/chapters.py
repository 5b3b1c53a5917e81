"""Chapters in MP4 files, as Nero and QuickTime write them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

#: Where chapters start, in ms, and their titles.
Chapters = Sequence[tuple[int, str]]


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of MP4."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def listed(chapters: Chapters) -> bytes:
    """Nero's list, for a ``moov`` box."""
    entries = [
        struct.pack(">QB", ms * 10_000, len(title.encode())) + title.encode()
        for ms, title in chapters
    ]
    head = struct.pack(">I4xB", 1 << 24, len(entries))
    return box(b"udta", box(b"chpl", head, *entries))


def with_list(data: bytes, chapters: Chapters) -> bytes:
    """A file whose ``moov`` is its last box, with chapters."""
    at = data.rindex(b"moov") - 4
    assert at + int.from_bytes(data[at : at + 4], "big") == len(data)
    body = data[at + 8 :] + listed(chapters)
    return data[:at] + box(b"moov", body)


def tracked(chapters: Chapters, length_ms: int, apart: int = 0) -> bytes:
    """A file of only a track of texts, which lie ``apart`` from each other."""
    texts = [struct.pack(">H", len(t.encode())) + t.encode() for _, t in chapters]
    mdat = b"".join(text.ljust(len(text) + apart, b"\0") for text in texts)
    start = 16 + 8
    offsets, at = [], start
    for text in texts:
        offsets.append(at)
        at += len(text) + apart
    ends = [*(ms for ms, _ in chapters[1:]), length_ms]
    times = [(1, b - a) for (a, _), b in zip(chapters, ends, strict=True)]
    stbl = box(
        b"stbl",
        _table(b"stts", ">II", times),
        _table(b"stsc", ">III", [(1, 1, 1)]),
        _table(b"stsz", ">I", [(len(text),) for text in texts], bytes(8)),
        _table(b"stco", ">I", [(offset,) for offset in offsets]),
    )
    mdhd = box(b"mdhd", bytes(12), struct.pack(">II", 1000, length_ms))
    minf = box(b"minf", stbl)
    text = box(b"mdia", mdhd, box(b"hdlr", bytes(8), b"text", bytes(12)), minf)
    sound = box(b"mdia", mdhd, box(b"hdlr", bytes(8), b"soun", bytes(12)))

    def tkhd(number: int) -> bytes:
        return box(b"tkhd", bytes(12), struct.pack(">I", number), bytes(60))

    chap = box(b"tref", box(b"chap", struct.pack(">I", 2)))
    moov = box(
        b"moov",
        box(b"mvhd", bytes(12), struct.pack(">II", 1000, length_ms)),
        box(b"trak", tkhd(1), chap, sound),
        box(b"trak", tkhd(2), text),
    )
    return box(b"ftyp", b"M4B \0\0\0\0") + box(b"mdat", mdat) + moov


def _table(
    kind: bytes, layout: str, rows: Sequence[tuple[int, ...]], head: bytes = bytes(4)
) -> bytes:
    packed = [struct.pack(layout, *row) for row in rows]
    return box(kind, head, struct.pack(">I", len(rows)), *packed)
