"""FLAC (RFC 9639): STREAMINFO has the length, SEEKTABLE has points. Pure."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mopidy_vozduxan.audio.answering import Asking, answered_by
from mopidy_vozduxan.audio.container import LOSSLESS_KBPS, Container, Format
from mopidy_vozduxan.audio.divisible import Place
from mopidy_vozduxan.audio.framed import Frame, FramedFile
from mopidy_vozduxan.audio.sound import CutFailed, Sound
from mopidy_vozduxan.planning.position import Point, Timeline
from mopidy_vozduxan.planning.spans import Span

_SIGNATURE = b"fLaC"
_STREAMINFO, _SEEKTABLE, _CUESHEET = 0, 3, 5
_LAST = 0x80
_MOST_BLOCKS = 256  # usually 3 to 6; one per picture
_INFO_BYTES = 34
_ENTRY = struct.Struct(">QQH")  # first sample, offset from the first frame, samples
_MOST_ENTRIES = 10_000  # usually one per 10 s
_WANTED = {_STREAMINFO: _INFO_BYTES, _SEEKTABLE: _MOST_ENTRIES * _ENTRY.size}

_SYNC = re.compile(rb"\xff[\xf8\xf9]")
_LONGEST_HEADER = 16
_BITS = {1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32}
_WINDOW_BYTES = (64 * 1024, 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Block:
    """A metadata block: its kind, its end, and the wanted part of its body."""

    kind: int
    length: int
    stop: int
    is_last: bool
    body: bytes


def read_blocks(start: int, wanted: Mapping[int, int]) -> Asking[list[Block]]:
    """Read the metadata blocks of the file whose ``fLaC`` is at ``start``.

    ``wanted`` has the most bytes to read of a body, by kind; other bodies are skipped.
    """
    at, found = start + len(_SIGNATURE), list[Block]()
    while len(found) < _MOST_BLOCKS:
        head = yield Span(at, at + 4)
        if len(head) < 4:
            break
        kind, length = head[0] & ~_LAST, int.from_bytes(head[1:], "big")
        at += 4
        most = min(length, wanted.get(kind, 0))
        body = (yield Span(at, at + most)) if most else b""
        at += length
        found.append(Block(kind, length, at, bool(head[0] & _LAST), body))
        if found[-1].is_last:
            break
    return found


def read(head: bytes, start: int, size: int) -> Timeline | None:
    """Return the timeline of a file whose ``fLaC`` is at ``start``.

    If a picture reaches beyond the head, we assume that the audio follows it. That is
    too early by the blocks in between, usually 8 KiB of padding.
    """
    blocks = answered_by(head, read_blocks(start, _WANTED))
    if not blocks or blocks[0].kind != _STREAMINFO:
        return None
    (packed,) = struct.unpack_from(">Q", blocks[0].body, 10)
    rate, samples = packed >> 44, packed & (1 << 36) - 1
    if not rate:
        return None
    audio_start = blocks[-1].stop
    points = tuple(_points(_seek_table(blocks), rate, audio_start))
    return Timeline(size, samples * 1000 // rate, audio_start, points)


def read_cuesheet(head: bytes) -> tuple[int, bytes] | None:
    """Return the sample rate, and the body of the first CUESHEET block.

    ``head`` are the file's first bytes; a block that is not complete in them does not
    count. The rate is 0 if it is unknown.
    """
    if not head.startswith(_SIGNATURE):
        return None
    wanted = {_STREAMINFO: _INFO_BYTES, _CUESHEET: len(head)}
    blocks = answered_by(head, read_blocks(0, wanted))
    rate = int.from_bytes(blocks[0].body[10:13], "big") >> 4 if blocks else 0
    for block in blocks:
        if block.kind == _CUESHEET and len(block.body) == block.length:
            return rate, block.body
    return None


def _seek_table(blocks: list[Block]) -> bytes:
    """Return the complete entries of the last seek table."""
    tables = [block.body for block in blocks if block.kind == _SEEKTABLE]
    table = tables[-1] if tables else b""
    return table[: len(table) // _ENTRY.size * _ENTRY.size]


def _points(table: bytes, rate: int, audio_start: int) -> Iterator[Point]:
    # Placeholders have the sample 2**64-1. Timeline drops what is beyond the length.
    for sample, offset, _ in _ENTRY.iter_unpack(table):
        yield sample * 1000 // rate, audio_start + offset


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
        if not largest:  # unknown: no frame is larger than its raw samples
            largest = (self._longest * sound.bits * sound.channels + 7) // 8 + 256
        least, most = _WINDOW_BYTES
        super().__init__(sound, first, size, min(max(least, 3 * largest), most))

    def head(self) -> bytes:
        """Return STREAMINFO without the number and the checksum of the samples."""
        (packed,) = struct.unpack_from(">Q", self._info, 10)
        info = self._info[:10] + struct.pack(">Q", packed >> 36 << 36) + bytes(16)
        return _SIGNATURE + bytes((_LAST | _STREAMINFO, 0, 0, len(info))) + info

    def frames(self, data: bytes) -> Iterator[Frame]:
        """Yield whatever looks like a frame header in ``data``."""
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


def read_flac(start: int, size: int) -> Asking[FlacFile]:
    """Read the metadata of the FLAC file whose ``fLaC`` is at ``start``."""
    blocks = yield from read_blocks(start, _WANTED)
    if not blocks or not blocks[-1].is_last:
        raise CutFailed("The header of the FLAC file has no end.")
    infos = (block.body for block in blocks if block.kind == _STREAMINFO)
    info, first = next(infos, b""), blocks[-1].stop
    if len(info) != _INFO_BYTES or first >= size:
        raise CutFailed("The FLAC file does not describe itself.")
    file = FlacFile(info, first, size)
    for sample, offset, _ in _ENTRY.iter_unpack(_seek_table(blocks)):
        file.hint(Place(sample, first + offset))
    return file


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return a number coded like UTF-8 (-1 if it is not one), and where it ends."""
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


#: DTS takes 14 of 16 bits, and can hardly be compressed. Few albums are as dense.
_DENSE = 0.7
_CD_RATES = (44_100, 48_000)


def may_hide(head: bytes, start: int, size: int) -> bool:
    """Whether the samples may be DTS: 16 bits, two channels, and dense."""
    blocks = answered_by(head, read_blocks(start, _WANTED))
    if not blocks or len(blocks[0].body) != _INFO_BYTES:
        return False
    (packed,) = struct.unpack_from(">Q", blocks[0].body, 10)
    rate, samples = packed >> 44, packed & (1 << 36) - 1
    is_cd = rate in _CD_RATES and packed >> 36 & 0xFF == (1 << 5 | 15)
    return is_cd and size - blocks[-1].stop > samples * 4 * _DENSE > 0


CONTAINER = Container(
    formats={"flac": Format("audio/flac", LOSSLESS_KBPS)},
    signatures=((0, _SIGNATURE),),
    timeline=read,
    cut=read_flac,
    may_hide=may_hide,
)
