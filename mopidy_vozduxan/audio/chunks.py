"""Chunks of RIFF, RF64, AIFF and DSDIFF: each has a kind, a length and a body. Pure."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from mopidy_vozduxan.audio.answering import Asking
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span

_MOST_CHUNKS = 256  # usually 2 to 5


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk: its kind, and the offset and length of its body.

    The length is what the file claims. ``body`` is the part that was wanted; it is
    shorter if the file ends there.
    """

    kind: bytes
    start: int
    length: int
    body: bytes


def read_chunks(
    at: int,
    header: struct.Struct,
    wanted: Mapping[bytes, int],
    last: Collection[bytes] = (),
) -> Asking[list[Chunk]]:
    """Read the chunks from ``at`` on, up to the first one of a kind in ``last``.

    ``header`` unpacks kind and length. ``wanted`` has the most bytes to read of a body,
    by kind; other bodies are skipped.
    """
    found: list[Chunk] = []
    while len(found) < _MOST_CHUNKS:
        data = yield Span(at, at + header.size)
        if len(data) < header.size:
            break
        kind, length = header.unpack(data)
        at += header.size
        most = min(length, wanted.get(kind, 0))
        body = (yield Span(at, at + most)) if most else b""
        found.append(Chunk(kind, at, length, body))
        if kind in last:
            break
        at += length + length % 2
    return found


def bodies(chunks: Iterable[Chunk]) -> dict[bytes, bytes]:
    """Return the bodies by kind; the last chunk of a kind counts."""
    return {chunk.kind: chunk.body for chunk in chunks}


def even_timeline(size: int, length_ms: int, sound: Span) -> Timeline:
    """Return the timeline of samples that all have the same size."""
    return Timeline(size, length_ms, sound.start, ((length_ms, sound.stop),))
