"""DFF as DSF: the same bits in another order. Pure.

gst-libav's demuxer for DFF never ends (libav 5, GStreamer 1.22), or gives no times and
so allows no seeks (libav 7, 1.26). Its demuxer for DSF does both correctly. DFF holds a
byte of each channel in turn, DSF blocks of each channel. GStreamer has no decoder for
DST, the compressed kind.
"""

from __future__ import annotations

import struct

from mopidy_vozduxan.audio.answering import Asking, answered_by
from mopidy_vozduxan.audio.chunks import bodies, read_chunks
from mopidy_vozduxan.audio.container import DSD_KBPS, Container, Format
from mopidy_vozduxan.audio.sound import CutFailed
from mopidy_vozduxan.planning.spans import Span

_BLOCK = 4096  # bytes of one channel
_CHUNK = struct.Struct(">4sQ")
_HEAD_BYTES = 28 + 52 + 12
_MOST_PROPERTIES = 4096
_PROPERTIES = {b"FS  ": 4, b"CHNL": 2, b"CMPR": 4}
#: DSF's number for the speaker layout, by the number of channels.
_SPEAKERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 7}
_MSB_FIRST = 8


class DffFile:
    """A DFF file with its samples in ``data``, seen as a DSF file of ``size``."""

    demuxer = "avdemux_dsf"

    def __init__(self, rate: int, channels: int, data: Span) -> None:
        self._channels = channels
        self._group = _BLOCK * channels
        self._data = data
        groups = -(-len(data) // self._group)
        self.size = _HEAD_BYTES + groups * self._group
        self.head = self._make_head(rate, len(data) // channels * 8)

    def read(self, span: Span) -> Asking[bytes]:
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


def read_dff(start: int, size: int) -> Asking[DffFile]:
    """Read the chunks of the DFF file that begins at ``start``.

    Raises :class:`CutFailed`.
    """
    wanted = {b"PROP": _MOST_PROPERTIES}
    ends = (b"DSD ", b"DST ")
    chunks = yield from read_chunks(start + 16, _CHUNK, wanted, ends)
    last = chunks[-1] if chunks else None
    if last and last.kind == b"DST ":
        raise CutFailed("GStreamer has no decoder for DST, which the file is in.")
    if last is None or last.kind != b"DSD ":
        raise CutFailed("The DFF file holds no samples.")
    properties = bodies(chunks).get(b"PROP", b"")
    return _file(properties, Span(last.start, min(last.start + last.length, size)))


def _file(properties: bytes, data: Span) -> DffFile:
    found = bodies(answered_by(properties, read_chunks(4, _CHUNK, _PROPERTIES)))
    try:
        (rate,) = struct.unpack(">I", found[b"FS  "])
        (channels,) = struct.unpack(">H", found[b"CHNL"])
    except (KeyError, struct.error) as exc:
        raise CutFailed("The DFF file does not describe its sound.") from exc
    if channels not in _SPEAKERS or found.get(b"CMPR", b"DSD ") != b"DSD ":
        raise CutFailed("DFF files of this kind cannot be played.")
    whole = len(data) // channels * channels
    if not whole or not 1_000_000 <= rate <= 100_000_000:
        raise CutFailed("The DFF file holds no samples.")
    return DffFile(rate, channels, Span(data.start, data.start + whole))


CONTAINER = Container(
    formats={"dff": Format("audio/x-dff", DSD_KBPS)},
    signatures=((0, b"FRM8"),),
    view=read_dff,
)
