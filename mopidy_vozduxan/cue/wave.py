"""WAV: samples that need no decoder, so a cut is arithmetic. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from mopidy_vozduxan.cue.sound import CutFailed, Reading, wave_head
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.torrent.tags import CUE_FRAMES_PER_S

SIGNS = (b"RIFF", b"RF64")
_MOST_CHUNKS = 256
_LONGEST_FORM = 256
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE


@dataclass(frozen=True, slots=True)
class WaveFile:
    """A WAV file: the body of its ``fmt`` chunk, and where its samples are."""

    form: bytes
    rate: int
    frame_bytes: int
    data: Span

    def span(self, start: int, stop: int | None) -> Span:
        """Return where the samples of a part are, in bytes of the file."""
        first = self.data.start + self._bytes(start)
        last = self.data.stop if stop is None else self.data.start + self._bytes(stop)
        return Span(min(first, self.data.stop), min(last, self.data.stop))

    def head(self, length: int) -> bytes:
        """Return the head of a WAV file with ``length`` bytes of these samples."""
        return wave_head(self.form, length)

    def _bytes(self, cue_frames: int) -> int:
        return cue_frames * self.rate // CUE_FRAMES_PER_S * self.frame_bytes


def read_wave(start: int, size: int) -> Reading[WaveFile]:
    """Read the chunks of the WAV file that begins at ``start``."""
    at, form = start + 12, b""
    for _ in range(_MOST_CHUNKS):
        head = yield Span(at, at + 8)
        if len(head) < 8:
            break
        kind, length = struct.unpack("<4sI", head)
        if kind == b"fmt ":
            form = yield Span(at + 8, at + 8 + min(length, _LONGEST_FORM))
        elif kind == b"data":
            # 0 was never filled in by who wrote it; RF64 has 2**32-1.
            stop = min(at + 8 + (length or size), size)
            return _file(form, Span(at + 8, stop))
        at += 8 + length + length % 2
    raise CutFailed("The WAV file holds no samples.")


def _file(form: bytes, data: Span) -> WaveFile:
    if len(form) < 16:
        raise CutFailed("The WAV file says nothing of its samples.")
    kind, channels, rate, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", form)
    if kind == _EXTENSIBLE and len(form) >= 26:
        (kind,) = struct.unpack_from("<H", form, 24)
    plain = kind in (_PCM, _FLOAT) and frame_bytes == channels * -(-bits // 8)
    if not plain or not frame_bytes or not rate:
        raise CutFailed("WAV files of this kind cannot be cut.")
    whole = len(data) // frame_bytes * frame_bytes
    return WaveFile(form, rate, frame_bytes, Span(data.start, data.start + whole))
