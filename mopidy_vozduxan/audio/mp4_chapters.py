"""Chapters of M4B and M4A: Nero's list, or else QuickTime's track of texts. Pure.

The texts of such a track lie somewhere in the audio, usually all in one place. If they
are scattered, the chapters beyond the first ones have no title.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice

from mopidy_vozduxan.audio.answering import Asking
from mopidy_vozduxan.audio.chapters import MOST_CHAPTERS, Chapter
from mopidy_vozduxan.audio.mp4_boxes import Place, places, rows, tables
from mopidy_vozduxan.planning.spans import Span

#: 10 h take 6 MiB; demuxers read it as well.
_LONGEST_INDEX = 16 * 1024 * 1024
_MOST_BOXES = 64
_HEAD_BYTES = 16
#: Texts that lie within this many bytes are read at once.
_NEAR_BYTES = 256 * 1024
_MOST_PLACES = 64
_LONGEST_TITLE = 1024


def read_chapters(start: int, size: int) -> Asking[list[Chapter]]:
    """Return the chapters of the file whose ``ftyp`` box is at ``start``, in order."""
    index = yield from _index(start, size)
    whole = (0, len(index))
    listed = _listed(index, whole)
    found = listed or (yield from _of_track(index, whole))
    rising: list[Chapter] = []
    for chapter in found:
        if not rising or chapter.start_ms > rising[-1].start_ms:
            rising.append(chapter)
    return rising


def _index(at: int, size: int) -> Asking[bytes]:
    """Return the body of the ``moov`` box."""
    for _ in range(_MOST_BOXES):
        head = yield Span(at, at + _HEAD_BYTES)
        if len(head) < _HEAD_BYTES:
            break
        length, kind, large = struct.unpack(">I4sQ", head)
        body = at + 8
        if length == 1:
            length, body = large, at + _HEAD_BYTES
        stop = at + length if length else size
        if stop < body:
            break
        if kind == b"moov":
            return (yield Span(body, min(stop, body + _LONGEST_INDEX)))
        at = stop
    return b""


def _listed(index: bytes, whole: Place) -> list[Chapter]:
    """Return the chapters of Nero's list; [] without one."""
    for udta in places(index, whole, b"udta"):
        for at, stop in places(index, udta, b"chpl"):
            return list(islice(_entries(index, at, stop), MOST_CHAPTERS))
    return []


def _entries(index: bytes, at: int, stop: int) -> Iterator[Chapter]:
    at += 4 + (5 if index[at : at + 1] == b"\1" else 1)
    while at + 9 <= min(stop, len(index)):
        start, length = struct.unpack_from(">QB", index, at)  # in 100 ns
        title = index[at + 9 : at + 9 + length]
        yield Chapter(start // 10_000, _text(title))
        at += 9 + length


def _of_track(index: bytes, whole: Place) -> Asking[list[Chapter]]:
    tracks = list(places(index, whole, b"trak"))
    wanted = {number for track in tracks for number in _chapter_tracks(index, track)}
    for track in tracks:
        found = tables(index, track)
        kind = index[found[b"hdlr"][0] + 8 :][:4]
        if kind in (b"text", b"sbtl") and _number(index, track) in wanted:
            starts = list(islice(_starts(index, found), MOST_CHAPTERS))
            spans = list(islice(_samples(index, found), len(starts)))
            titles = yield from _titles(spans)
            return [
                Chapter(start, titles[n] if n < len(titles) else "")
                for n, start in enumerate(starts)
            ]
    return []


def _chapter_tracks(index: bytes, track: Place) -> Iterator[int]:
    for tref in places(index, track, b"tref"):
        for place in places(index, tref, b"chap"):
            yield from (number for (number,) in rows(index, place, ">I", 0))


def _number(index: bytes, track: Place) -> int:
    for at, _ in places(index, track, b"tkhd"):
        skipped = 20 if index[at : at + 1] == b"\1" else 12
        return int(struct.unpack_from(">I", index, at + skipped)[0])
    return 0


def _starts(index: bytes, found: dict[bytes, Place]) -> Iterator[int]:
    """Yield where the samples of a track start, in ms."""
    header = found[b"mdhd"][0]
    layout = ">20xI" if index[header : header + 1] == b"\1" else ">12xI"
    (scale,) = struct.unpack_from(layout, index, header)
    time = 0
    for count, length in rows(index, found[b"stts"], ">II"):
        for _ in range(min(count, MOST_CHAPTERS)):
            yield time * 1000 // max(1, scale)
            time += length


def _samples(index: bytes, found: dict[bytes, Place]) -> Iterator[Span]:
    """Yield the spans of the samples of a track."""
    fixed, _ = struct.unpack_from(">4xII", index, found[b"stsz"][0])
    sizes = [size for (size,) in rows(index, found[b"stsz"], ">I", 12)]
    wide = b"co64" in found
    table = found[b"co64" if wide else b"stco"]
    counts = {first: n for first, n, _ in rows(index, found[b"stsc"], ">III")}
    sample = count = 0
    for number, (at,) in enumerate(rows(index, table, ">Q" if wide else ">I"), 1):
        count = counts.get(number, count)
        for _ in range(min(count, MOST_CHAPTERS)):
            if not fixed and sample >= len(sizes):
                return
            size = fixed or sizes[sample]
            yield Span(at, at + min(size, _LONGEST_TITLE))
            at += size
            sample += 1


def _titles(spans: list[Span]) -> Asking[list[str]]:
    """Read the titles at ``spans``, as few places as possible."""
    titles: list[str] = []
    kept, data = Span(0, 0), b""
    looks = 0
    for number, span in enumerate(spans):
        if not kept.start <= span.start <= span.stop <= kept.stop:
            looks += 1
            if looks > _MOST_PLACES:
                break
            near = (s.stop for s in spans[number:] if _is_near(span, s))
            kept = Span(span.start, max(near, default=span.stop))
            data = yield kept
        at = span.start - kept.start
        sample = data[at : at + len(span)]
        titles.append(_text(sample[2 : 2 + int.from_bytes(sample[:2], "big")]))
    return titles


def _is_near(first: Span, other: Span) -> bool:
    return first.start <= other.start and other.stop - first.start <= _NEAR_BYTES


def _text(data: bytes) -> str:
    if data[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8", "replace")
