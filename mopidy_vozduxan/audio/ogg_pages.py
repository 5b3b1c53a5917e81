"""Pages of Ogg (RFC 3533), and what their first packets say of the codec. Pure."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SIGNATURE = b"OggS"
#: A page is no larger.
MOST_PAGE_BYTES = 27 + 255 + 255 * 255
_PAGE = struct.Struct("<4sBBqIIIB")
#: The count on a page on which no packet ends.
NO_COUNT = -1
_CONTINUED, _FIRST, _KINDS = 1, 2, 8


@dataclass(frozen=True, slots=True)
class Page:
    """A page at ``offset``; its ``stream``, and the samples up to its end.

    ``lacing`` has the lengths of its segments; ``body`` starts at ``start``.
    """

    offset: int
    kind: int
    count: int
    stream: int
    lacing: bytes
    start: int

    @property
    def is_first(self) -> bool:
        """Whether a stream begins here."""
        return bool(self.kind & _FIRST)

    @property
    def stop(self) -> int:
        """Where the page ends."""
        return self.start + sum(self.lacing)

    @property
    def packets(self) -> int:
        """How many packets end here."""
        return sum(length < 255 for length in self.lacing)


def pages(data: bytes, base: int = 0) -> Iterator[Page]:
    """Yield the pages whose header is in ``data``; ``base`` is its offset."""
    at = data.find(SIGNATURE)
    while 0 <= at <= len(data) - _PAGE.size:
        _, version, kind, count, stream, _, _, segments = _PAGE.unpack_from(data, at)
        start = at + _PAGE.size + segments
        if version or kind >= _KINDS or start > len(data):
            at = data.find(SIGNATURE, at + 1)
            continue
        lacing = data[at + _PAGE.size : start]
        page = Page(base + at, kind, count, stream, lacing, base + start)
        yield page
        after = page.stop - base
        next_is_there = data.startswith(SIGNATURE, after)
        at = after if next_is_there else data.find(SIGNATURE, at + 1)


@dataclass(frozen=True, slots=True)
class Clock:
    """How a codec counts: ``rate`` per second; ``skipped`` samples are not heard.

    ``samples_of`` returns the samples of a packet, if its first bytes say that.
    """

    rate: int
    skipped: int = 0
    samples_of: Callable[[bytes], int] | None = None


def clock_of(packet: bytes) -> Clock | None:
    """Return the clock of the stream whose first packet this is; None for others."""
    for signature, read in _CODECS.items():
        if packet.startswith(signature):
            try:
                clock = read(packet)
            except struct.error:
                return None
            return clock if clock.rate else None
    return None


def opus_samples(packet: bytes) -> int:
    """Return the number of samples in an Opus packet (RFC 6716, 3.1)."""
    if not packet:
        return 0
    config, count = packet[0] >> 3, packet[0] & 3
    if config < 12:
        length = (480, 960, 1920, 2880)[config & 3]
    elif config < 16:
        length = (480, 960)[config & 1]
    else:
        length = 120 << (config & 3)
    several = packet[1] & 0x3F if count == 3 and len(packet) > 1 else 0
    return length * (1, 2, 2, several)[count]


def _vorbis(packet: bytes) -> Clock:
    return Clock(struct.unpack_from("<I", packet, 12)[0])


def _opus(packet: bytes) -> Clock:
    return Clock(48_000, struct.unpack_from("<H", packet, 10)[0], opus_samples)


def _speex(packet: bytes) -> Clock:
    return Clock(struct.unpack_from("<I", packet, 36)[0])


def _flac(packet: bytes) -> Clock:
    return Clock(struct.unpack_from(">I", packet, 27)[0] >> 12)  # 20 bits


_CODECS: dict[bytes, Callable[[bytes], Clock]] = {
    b"\1vorbis": _vorbis,
    b"OpusHead": _opus,
    b"Speex   ": _speex,
    b"\x7fFLAC": _flac,
}
