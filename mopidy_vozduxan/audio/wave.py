"""WAV (RIFF and RF64): samples need no decoder, so a cut is arithmetic. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from mopidy_vozduxan.audio.answering import Asking, answered_by
from mopidy_vozduxan.audio.chunks import bodies, even_timeline, read_chunks
from mopidy_vozduxan.audio.container import PCM_KBPS, Container, Format
from mopidy_vozduxan.audio.divisible import SpannedFile
from mopidy_vozduxan.audio.dts import is_dts
from mopidy_vozduxan.audio.late_tags import WANTED, silent_file
from mopidy_vozduxan.audio.sound import CutFailed, Sound
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.torrent.tags import CUE_FRAMES_PER_S

CONTENT_TYPE = "audio/wav"

_CHUNK = struct.Struct("<4sI")
_LONGEST_FORM = 256
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_SUBTYPE_TAIL = bytes.fromhex("000000001000800000aa00389b71")
#: Speaker masks for one to eight channels, in FLAC's and WAV's order (RFC 9639, 9.1.3).
_SPEAKERS = (0x4, 0x3, 0x7, 0x33, 0x607, 0x3F, 0x70F, 0x63F)


@dataclass(frozen=True, slots=True)
class WaveFile(SpannedFile):
    """A WAV file: the body of its ``fmt`` chunk, and the span of its samples."""

    form: bytes
    rate: int
    frame_bytes: int
    data: Span

    content_type = CONTENT_TYPE

    def span(self, start: int, stop: int | None) -> Asking[Span]:
        """Return the span of a part's samples, without reading anything."""
        first = self.data.start + self._bytes(start)
        last = self.data.stop if stop is None else self.data.start + self._bytes(stop)
        return Span(min(first, self.data.stop), min(last, self.data.stop))
        yield  # makes this an Asking

    def head(self, length: int) -> bytes:
        """Return the header of a WAV file with ``length`` bytes of these samples."""
        return _head(self.form, length)

    def _bytes(self, cue_frames: int) -> int:
        return cue_frames * self.rate // CUE_FRAMES_PER_S * self.frame_bytes


def read(head: bytes, start: int, size: int) -> Timeline | None:
    """Return the timeline of a WAV file whose ``RIFF`` is at ``start``."""
    form, data = answered_by(head, _read_parts(start, size))
    if data is None or not form:
        return None
    (byte_rate,) = struct.unpack_from("<I", form, 8)
    if not byte_rate:
        return None
    return even_timeline(size, len(data) * 1000 // byte_rate, data)


def read_wave(start: int, size: int) -> Asking[WaveFile]:
    """Read the chunks of the WAV file that starts at ``start``."""
    form, data = yield from _read_parts(start, size)
    if data is None:
        raise CutFailed("The WAV file holds no samples.")
    if len(form) < 16:
        raise CutFailed("The WAV file does not describe its samples.")
    kind, channels, rate, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", form)
    if kind == _EXTENSIBLE and len(form) >= 26:
        (kind,) = struct.unpack_from("<H", form, 24)
    plain = kind in (_PCM, _FLOAT) and frame_bytes == channels * -(-bits // 8)
    if not plain or not frame_bytes or not rate:
        raise CutFailed("WAV files of this kind cannot be cut.")
    whole = len(data) // frame_bytes * frame_bytes
    return WaveFile(form, rate, frame_bytes, Span(data.start, data.start + whole))


def _read_parts(start: int, size: int) -> Asking[tuple[bytes, Span | None]]:
    """Read the body of the ``fmt`` chunk, and find the span of the samples."""
    wanted = {b"fmt ": _LONGEST_FORM}
    chunks = yield from read_chunks(start + 12, _CHUNK, wanted, (b"data",))
    form = bodies(chunks).get(b"fmt ", b"")
    if not chunks or chunks[-1].kind != b"data":
        return form, None
    data = chunks[-1]
    # 0 means that the program that wrote it did not fill it in; RF64 has 2**32-1.
    stop = min(data.start + (data.length or size), size)
    return form, Span(data.start, stop)


def pcm_head(sound: Sound, samples: int) -> bytes:
    """Return the header of a WAV file with ``samples`` of a sound."""
    rate, size, bits = sound.rate, sound.frame_bytes, sound.wave_bytes * 8
    kind = _PCM if sound.channels <= 2 else _EXTENSIBLE
    form = struct.pack("<HHIIHH", kind, sound.channels, rate, rate * size, size, bits)
    if kind == _EXTENSIBLE:
        speakers = _SPEAKERS[sound.channels - 1]
        form += struct.pack("<HHIH", 22, bits, speakers, _PCM) + _SUBTYPE_TAIL
    return _head(form, samples * size)


def _head(form: bytes, length: int) -> bytes:
    """Return the header of a WAV file with ``length`` bytes of samples.

    ``form`` is the body of its ``fmt`` chunk. The numbers end at 4 GiB; beyond that the
    length is given as 0, and players take what comes.
    """
    whole = 4 + 8 + len(form) + 8 + length
    known = (whole, length) if whole < 1 << 32 else (0, 0)
    chunk = struct.pack("<4sI", b"fmt ", len(form)) + form
    head = struct.pack("<4sI4s", b"RIFF", known[0], b"WAVE")
    return head + chunk + struct.pack("<4sI", b"data", known[1])


def late_tags(start: int, size: int) -> Asking[bytes]:
    """Read the tags behind the samples of the WAV file that starts at ``start``."""
    _, data = yield from _read_parts(start, size)
    if data is None or not data or data.stop >= size:
        return b""
    behind = data.stop + (data.stop - data.start) % 2
    return silent_file((yield from read_chunks(behind, _CHUNK, WANTED)))


def may_hide(head: bytes, _start: int, _size: int) -> bool:
    """Whether the samples may be DTS."""
    return is_dts(head)


CONTAINER = Container(
    formats={"wav": Format(CONTENT_TYPE, PCM_KBPS)},
    signatures=((8, b"WAVE"),),
    timeline=read,
    cut=read_wave,
    late_tags=late_tags,
    may_hide=may_hide,
)
