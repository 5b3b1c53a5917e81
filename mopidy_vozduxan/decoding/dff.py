"""DFF as DSF: the same bits in another order. Pure.

gst-libav's demuxer for DFF never ends (libav 5, GStreamer 1.22), or gives no times
and so no seeks (libav 7, 1.26); the one for DSF does both right. DFF holds a byte of
each channel in turn, DSF blocks of each channel. DST, which is compressed, has no
decoder in GStreamer.
"""

from __future__ import annotations

import struct

from mopidy_vozduxan.cue.sound import CutFailed, Reading
from mopidy_vozduxan.planning.spans import Span

SIGN = b"FRM8"

_BLOCK = 4096  # bytes of one channel
_CHUNK = struct.Struct(">4sQ")
_HEAD_BYTES = 28 + 52 + 12
_MOST_CHUNKS = 64
_MOST_PROPERTIES = 4096
#: What DSF calls the speakers of so many channels.
_SPEAKERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 7}
_MSB_FIRST = 8


class DffFile:
    """A DFF file; ``data`` is where its samples are. Seen as a DSF of ``size``."""

    def __init__(self, rate: int, channels: int, data: Span) -> None:
        self._channels = channels
        self._group = _BLOCK * channels
        self._data = data
        groups = -(-len(data) // self._group)
        self.size = _HEAD_BYTES + groups * self._group
        self.head = self._make_head(rate, len(data) // channels * 8)

    def read(self, span: Span) -> Reading[bytes]:
        """Read bytes of the DSF."""
        head = self.head[span.start : span.stop]
        start, stop = max(span.start - _HEAD_BYTES, 0), span.stop - _HEAD_BYTES
        if stop <= start:
            return head
        first, last = start // self._group, -(-stop // self._group)
        offset = self._data.start + first * self._group
        wanted = Span(offset, offset + (last - first) * self._group)
        data = yield wanted.clipped(self._data.stop)
        blocks = self._in_blocks(data)
        at = start - first * self._group
        return head + blocks[at : at + stop - start]

    def _in_blocks(self, data: bytes) -> bytes:
        padded = data.ljust(-(-len(data) // self._group) * self._group, b"\0")
        return b"".join(
            padded[group + channel : group + self._group : self._channels]
            for group in range(0, len(padded), self._group)
            for channel in range(self._channels)
        )

    def _make_head(self, rate: int, samples: int) -> bytes:
        length = self.size - _HEAD_BYTES
        file = struct.pack("<4sQQQ", b"DSD ", 28, self.size, 0)
        speakers, channels = _SPEAKERS[self._channels], self._channels
        numbers = (speakers, channels, rate, _MSB_FIRST, samples, _BLOCK, 0)
        form = struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, *numbers)
        return file + form + struct.pack("<4sQ", b"data", 12 + length)


def read_dff(start: int, size: int) -> Reading[DffFile]:
    """Read the chunks of the DFF file that begins at ``start``.

    Raises :class:`CutFailed`.
    """
    at, properties = start + 16, b""
    for _ in range(_MOST_CHUNKS):
        head = yield Span(at, at + _CHUNK.size)
        if len(head) < _CHUNK.size:
            break
        kind, length = _CHUNK.unpack(head)
        at += _CHUNK.size
        if kind == b"PROP":
            properties = yield Span(at, at + min(length, _MOST_PROPERTIES))
        elif kind == b"DSD ":
            return _file(properties, Span(at, min(at + length, size)))
        elif kind == b"DST ":
            raise CutFailed("GStreamer has no decoder for DST, which the file is in.")
        at += length + length % 2
    raise CutFailed("The DFF file holds no samples.")


def _file(properties: bytes, data: Span) -> DffFile:
    found = dict(_properties(properties))
    try:
        (rate,) = struct.unpack_from(">I", found[b"FS  "])
        (channels,) = struct.unpack_from(">H", found[b"CHNL"])
    except (KeyError, struct.error) as exc:
        raise CutFailed("The DFF file does not say how it sounds.") from exc
    if channels not in _SPEAKERS or found.get(b"CMPR", b"DSD ")[:4] != b"DSD ":
        raise CutFailed("DFF files of this kind cannot be played.")
    whole = len(data) // channels * channels
    if not whole or not 1_000_000 <= rate <= 100_000_000:
        raise CutFailed("The DFF file holds no samples.")
    return DffFile(rate, channels, Span(data.start, data.start + whole))


def _properties(data: bytes) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    at = 4
    while at + _CHUNK.size <= len(data) and len(found) < _MOST_CHUNKS:
        kind, length = _CHUNK.unpack_from(data, at)
        at += _CHUNK.size
        found.append((kind, data[at : at + length]))
        at += length + length % 2
    return found
