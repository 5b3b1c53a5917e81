"""FLAC (RFC 9639) as a file of frames. Pure."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from mopidy_vozduxan.cue.framed import Frame, FramedFile
from mopidy_vozduxan.cue.sound import CutFailed, Place, Reading, Sound
from mopidy_vozduxan.planning.spans import Span

_STREAMINFO, _SEEKTABLE = 0, 3
_STREAMINFO_BYTES = 34
_MOST_BLOCKS = 256
_ENTRY = struct.Struct(">QQH")  # first sample, offset from the first frame, samples
_MOST_ENTRIES = 10_000
_LAST = 0x80

_SYNC = re.compile(rb"\xff[\xf8\xf9]")
_LONGEST_HEADER = 16
_BITS = {1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32}
_WINDOW_BYTES = (64 * 1024, 1024 * 1024)


class FlacFile(FramedFile):
    """A FLAC file; ``info`` is the body of its STREAMINFO."""

    elements = "flacparse ! flacdec max-errors=0"

    def __init__(self, info: bytes, first: int, size: int) -> None:
        self._longest, largest = struct.unpack_from(">H3xI", info, 2)
        largest >>= 8  # 24 bits
        (packed,) = struct.unpack_from(">Q", info, 10)
        sound = Sound(
            rate=packed >> 44,
            channels=(packed >> 41 & 7) + 1,
            bits=(packed >> 36 & 31) + 1,
            samples=packed & (1 << 36) - 1,
        )
        self._info = info
        if not largest:  # unknown: no frame is larger than its samples as they are
            largest = (self._longest * sound.bits * sound.channels + 7) // 8 + 256
        least, most = _WINDOW_BYTES
        super().__init__(sound, first, size, min(max(least, 3 * largest), most))

    def head(self) -> bytes:
        """Return STREAMINFO without the number of samples and their checksum."""
        (packed,) = struct.unpack_from(">Q", self._info, 10)
        info = self._info[:10] + struct.pack(">Q", packed >> 36 << 36) + bytes(16)
        return b"fLaC" + bytes((_LAST | _STREAMINFO, 0, 0, len(info))) + info

    def frames(self, data: bytes) -> Iterator[Frame]:
        """Yield what looks like a frame's header in ``data``."""
        for match in _SYNC.finditer(data, 0, max(0, len(data) - _LONGEST_HEADER)):
            frame = self._frame(data, match.start())
            if frame:
                yield frame

    def _frame(self, data: bytes, at: int) -> Frame | None:
        size_code, rate_code = data[at + 2] >> 4, data[at + 2] & 15
        channel_code, rest = data[at + 3] >> 4, data[at + 3] & 15
        channels = channel_code + 1 if channel_code < 8 else 2
        bits = _BITS.get(rest >> 1, self.sound.bits if not rest >> 1 else 0)
        if rest & 1 or channel_code > 10 or not size_code or rate_code == 15:
            return None
        if channels != self.sound.channels or bits != self.sound.bits:
            return None
        number, end = _number(data, at + 4)
        samples, end = _block_size(data, size_code, end)
        end += (0, 1, 2, 2)[max(0, rate_code - 11)]
        if number < 0 or samples > self._longest or _crc8(data[at:end]) != data[end]:
            return None
        varies = data[at + 1] & 1
        return Frame(at, number if varies else number * self._longest, samples)


def read_flac(start: int, size: int) -> Reading[FlacFile]:
    """Read the head of the FLAC file whose ``fLaC`` is at ``start``."""
    at, info, table = start + 4, b"", b""
    for _ in range(_MOST_BLOCKS):
        head = yield Span(at, at + 4)
        if len(head) < 4:
            break
        kind, length = head[0] & ~_LAST, int.from_bytes(head[1:], "big")
        body = at + 4
        if kind == _STREAMINFO and not info:
            info = yield Span(body, body + min(length, _STREAMINFO_BYTES))
        elif kind == _SEEKTABLE:
            table = yield Span(body, body + min(length, _MOST_ENTRIES * _ENTRY.size))
        at = body + length
        if head[0] & _LAST:
            return _file(info, table, at, size)
    raise CutFailed("The FLAC file has no end of its head.")


def _file(info: bytes, table: bytes, first: int, size: int) -> FlacFile:
    if len(info) != _STREAMINFO_BYTES or first >= size:
        raise CutFailed("The FLAC file says nothing of itself.")
    file = FlacFile(info, first, size)
    whole = len(table) // _ENTRY.size * _ENTRY.size
    for sample, offset, _ in _ENTRY.iter_unpack(table[:whole]):
        file.hint(Place(sample, first + offset))
    return file


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return the number coded like UTF-8, -1 for none, and where it ends."""
    lead = data[at]
    if lead < 0x80:
        return lead, at + 1
    more = next((n for n in range(1, 7) if not lead << n & 0x40), 0)
    rest = data[at + 1 : at + 1 + more]
    if lead < 0xC0 or not more or any(byte >> 6 != 2 for byte in rest):
        return -1, at + 1
    number = lead & (0x3F >> more)
    for byte in rest:
        number = number << 6 | byte & 0x3F
    return number, at + 1 + more


def _block_size(data: bytes, code: int, at: int) -> tuple[int, int]:
    if code >= 8:
        return 256 << code - 8, at
    if code >= 6:
        return int.from_bytes(data[at : at + code - 5], "big") + 1, at + code - 5
    return (192 if code == 1 else 576 << code - 2), at


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x07 if crc & 0x80 else 0)) & 0xFF
    return crc
