"""Monkey's Audio: the header has the length, and a table has the frames' offsets. Pure.

GStreamer's demuxer works on local files only. Its decoder takes what that demuxer would
give it, which is little more than the frames themselves.
"""

from __future__ import annotations

import itertools
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mopidy_vozduxan.audio.answering import Asking
from mopidy_vozduxan.audio.container import LOSSLESS_KBPS, Container, Format
from mopidy_vozduxan.audio.divisible import Packet, Place
from mopidy_vozduxan.audio.sound import CutFailed, Sound
from mopidy_vozduxan.planning.position import Point, Timeline
from mopidy_vozduxan.planning.spans import Span

_OLDEST = 3980  # files from before 2003 have another header
# Signature, version, and the lengths of this descriptor, of the header, of the table,
# of the WAV file's header and of the audio. The WAV file's tail and a checksum follow.
_DESCRIPTOR = struct.Struct("<4sH2xIIIIQ")
_DESCRIPTOR_BYTES = 52
# Compression, flags, samples per frame and in the last frame, frames, bits, channels,
# sample rate.
_HEAD = struct.Struct("<HHIIIHHI")
_HEAD_BYTES = _DESCRIPTOR_BYTES + _HEAD.size
_MOST_FRAMES = 1_000_000
#: Twice a million samples of 24 bits: a hostile table must not fill the memory.
_LARGEST_FRAME = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Head:
    """The header of a file.

    Each frame has ``samples``, except the last one, which has ``last_samples``.
    ``table``, ``first`` and ``stop`` are the offsets of the table, of the first frame
    and of the end of the last one, counted from the signature.
    """

    version: int
    level: int
    flags: int
    samples: int
    last_samples: int
    frames: int
    bits: int
    channels: int
    rate: int
    table: int
    first: int
    stop: int

    @property
    def all_samples(self) -> int:
        """The number of samples in the file."""
        return (self.frames - 1) * self.samples + self.last_samples


def _read_head(data: bytes) -> Head | None:
    """Return the header at the start of ``data``; None if that is not one.

    Raises :class:`struct.error` if ``data`` is too short.
    """
    sizes = _DESCRIPTOR.unpack_from(data)
    _, version, own, proper, table, wave, audio = sizes
    if version < _OLDEST or own != _DESCRIPTOR_BYTES or proper < _HEAD.size:
        return None
    numbers = _HEAD.unpack_from(data, own)
    _, _, samples, last_samples, frames, _, _, rate = numbers
    if not 0 < frames <= min(_MOST_FRAMES, table // 4):
        return None
    if not samples or not last_samples or not rate:
        return None
    first = own + proper + table + wave
    places = own + proper, first, first + audio
    return Head(*(version, *numbers, *places))


def _offsets(table: bytes, start: int) -> Iterator[int]:
    """Yield the offsets in a table; beyond 4 GiB they wrap around."""
    before = beyond = 0
    for (offset,) in struct.iter_unpack("<I", table[: len(table) // 4 * 4]):
        if offset < before:
            beyond += 1 << 32
        before = offset
        yield start + beyond + offset


def read(head: bytes, start: int, size: int) -> Timeline | None:
    """Return the timeline of a file whose ``MAC`` is at ``start``."""
    found = _read_head(head[start:])
    if found is None:
        return None
    at = start + found.table
    table = head[at : at + found.frames * 4]
    points: list[Point] = [
        (index * found.samples * 1000 // found.rate, offset)
        for index, offset in enumerate(_offsets(table, start))
    ]
    length_ms = found.all_samples * 1000 // found.rate
    points.append((length_ms, min(start + found.stop, size)))
    return Timeline(size, length_ms, start + found.first, tuple(points))


class ApeFile:
    """A Monkey's Audio file; ``offsets`` has those of its frames, and its end."""

    elements = "avdec_ape max-errors=0"

    def __init__(
        self, sound: Sound, caps: str, offsets: Sequence[int], lengths: tuple[int, int]
    ) -> None:
        self.sound = sound
        self.caps = caps
        self._offsets = offsets
        self._samples, self._last_samples = lengths

    def locate(self, sample: int) -> Asking[Place]:
        """Return the frame that holds ``sample``, without reading anything."""
        frame = min(sample // self._samples, len(self._offsets) - 2)
        return Place(frame * self._samples, self._offsets[frame])
        yield  # makes this an Asking

    def packets(self, place: Place) -> Iterator[Packet]:
        """Yield the frames from ``place`` on, as the decoder wants them.

        It reads words of 32 bits, counted from the first frame. A packet therefore
        starts with the word in which its frame starts, and says how much to skip.
        """
        frame = bisect_right(self._offsets, place.offset) - 1
        for start, stop in itertools.pairwise(self._offsets[frame:]):
            skipped = (start - self._offsets[0]) & 3
            length = (stop - start + skipped + 3) & ~3
            last = stop == self._offsets[-1]
            samples = self._last_samples if last else self._samples
            begin = start - skipped
            prefix = struct.pack("<II", samples, skipped)
            yield Packet(prefix, Span(begin, begin + length))


def read_ape(start: int, size: int) -> Asking[ApeFile]:
    """Read the header of the Monkey's Audio file that starts at ``start``."""
    data = yield Span(start, start + _HEAD_BYTES)
    head = _read_head(data) if len(data) == _HEAD_BYTES else None
    if head is None:
        raise CutFailed("The Monkey's Audio file is too old, or damaged, to be cut.")
    at = start + head.table
    table = yield Span(at, at + head.frames * 4)
    places = [*_offsets(table, start), min(start + head.stop, size)]
    whole = len(places) == head.frames + 1 and places[0] == start + head.first
    if not whole or not _are_sane(places):
        raise CutFailed("The Monkey's Audio file has a damaged table of frames.")
    sound = Sound(head.rate, head.channels, head.bits, head.all_samples)
    codec = struct.pack("<HHH", head.version, head.level, head.flags).hex()
    caps = (
        f"audio/x-ffmpeg-parsed-ape,rate={head.rate},channels={head.channels},"
        f"depth={head.bits},codec_data=(buffer){codec}"
    )
    return ApeFile(sound, caps, places, (head.samples, head.last_samples))


def _are_sane(offsets: Sequence[int]) -> bool:
    return all(0 < b - a <= _LARGEST_FRAME for a, b in itertools.pairwise(offsets))


CONTAINER = Container(
    formats={"ape": Format("audio/x-ape", LOSSLESS_KBPS)},
    signatures=((0, b"MAC "),),
    timeline=read,
    cut=read_ape,
    tags_at_end=True,
)
