"""Tags behind the sound, put where every program looks: before a moment of silence.

Pure.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from mopidy_vozduxan.audio.chunks import Chunk
from mopidy_vozduxan.audio.id3 import tag_size

#: The largest cover in a tag that is read.
LARGEST = 8 * 1024 * 1024
#: The most bytes to read of the chunks that hold tags, by kind.
WANTED = {b"ID3 ": LARGEST, b"id3 ": LARGEST, b"LIST": 64 * 1024}

_RATE = 8000
# PCM, one channel, rate, bytes per second and per sample, bits.
_FORM = struct.pack("<HHIIHH", 1, 1, _RATE, 2 * _RATE, 2, 16)
_SILENCE = bytes(_RATE // 5)


def silent_file(chunks: Iterable[Chunk]) -> bytes:
    """Return a WAV file of silence with the tags in ``chunks``; b"" without any."""
    id3 = info = b""
    for chunk in chunks:
        body = chunk.body
        if chunk.kind.upper() == b"ID3 " and 0 < tag_size(body) <= len(body):
            id3 = body[: tag_size(body)]
        elif chunk.kind == b"LIST" and body.startswith(b"INFO"):
            info = _chunk(b"LIST", body)
    if not id3 and not info:
        return b""
    parts = b"WAVE" + _chunk(b"fmt ", _FORM) + info + _chunk(b"data", _SILENCE)
    return id3 + _chunk(b"RIFF", parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
