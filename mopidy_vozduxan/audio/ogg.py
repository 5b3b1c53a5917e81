"""Ogg: the last page has the number of samples. Pure.

Over HTTP, GStreamer's answer depends on timing. It is wrong if we have only both ends
of a file, and large pictures come first (measured).
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from mopidy_vozduxan.audio.container import (
    OPUS_KBPS,
    SPEECH_KBPS,
    VORBIS_KBPS,
    Container,
    Format,
)

_SIGNATURE = b"OggS"
_PAGE = struct.Struct("<4sBBqI")  # signature, version, kind, count of samples, stream
_SEGMENTS_AT = 26  # their number; their lengths follow
_CONTINUED = -1  # the count on a page on which no packet ends


def ogg_length_ms(beginning: bytes, end: bytes) -> int | None:
    """Return the length in ms of the file with these two ends.

    None if it is not certain: for other codecs, and for several streams in one file.
    The bytes come from strangers. Never raises.
    """
    try:
        return _length_ms(beginning, end)
    except (struct.error, IndexError):  # cut short
        return None


def _length_ms(beginning: bytes, end: bytes) -> int | None:
    signature, *_, stream = _PAGE.unpack_from(beginning)
    clock = _clock(beginning[27 + beginning[_SEGMENTS_AT] :])
    last = _last_page(end)
    if signature != _SIGNATURE or clock is None or last is None or last[1] != stream:
        return None
    rate, skipped = clock
    return max(0, last[0] - skipped) * 1000 // rate if rate else None


def _last_page(end: bytes) -> tuple[int, int] | None:
    """Return the count of the last page that has one, and its stream."""
    at = end.rfind(_SIGNATURE)
    while at >= 0:
        if at + _PAGE.size <= len(end):
            _, version, kind, count, stream = _PAGE.unpack_from(end, at)
            if version == 0 and kind < 8 and count > _CONTINUED:
                return count, stream
        at = end.rfind(_SIGNATURE, 0, at)
    return None


def _clock(packet: bytes) -> tuple[int, int] | None:
    """Return the sample rate, and how many samples at the start are not heard."""
    for signature, read in _CODECS.items():
        if packet.startswith(signature):
            return read(packet)
    return None


def _vorbis(packet: bytes) -> tuple[int, int]:
    return struct.unpack_from("<I", packet, 12)[0], 0


def _opus(packet: bytes) -> tuple[int, int]:
    return 48_000, struct.unpack_from("<H", packet, 10)[0]


def _speex(packet: bytes) -> tuple[int, int]:
    return struct.unpack_from("<I", packet, 36)[0], 0


def _flac(packet: bytes) -> tuple[int, int]:
    return struct.unpack_from(">I", packet, 27)[0] >> 12, 0  # 20 bits


_CODECS: dict[bytes, Callable[[bytes], tuple[int, int]]] = {
    b"\1vorbis": _vorbis,
    b"OpusHead": _opus,
    b"Speex   ": _speex,
    b"\x7fFLAC": _flac,
}


_TYPE = "audio/ogg"
_TAIL_KIB = 128  # measured

CONTAINER = Container(
    formats={
        "ogg": Format(_TYPE, VORBIS_KBPS, _TAIL_KIB),
        "oga": Format(_TYPE, VORBIS_KBPS, _TAIL_KIB),
        "opus": Format(_TYPE, OPUS_KBPS, _TAIL_KIB),
        "spx": Format(_TYPE, SPEECH_KBPS, _TAIL_KIB),
    },
    signatures=((0, _SIGNATURE),),
    length_at_end=ogg_length_ms,
)
