"""MP3: no sample of it stands alone, so a cut falls between two frames. Pure.

The parts of a file are stretches of its own bytes: played one after the other
they are all of it, none twice. Where a part begins is as sure as the file's own
map of time: to the frame (26 ms) with a constant bit rate, else within about a
hundredth of the file; and its first frames may need what came before them.
"""

from __future__ import annotations

from dataclasses import dataclass

from mopidy_vozduxan.audio.formats import estimated_length_ms
from mopidy_vozduxan.audio.mpeg import next_frame
from mopidy_vozduxan.audio.timelines import read_timeline
from mopidy_vozduxan.cue.sound import Reading
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.torrent.tags import CUE_FRAMES_PER_S

#: Some dozens of frames.
_HEAD_BYTES = 64 * 1024
_LOOK_BYTES = 8 * 1024


@dataclass(frozen=True, slots=True)
class MpegFile:
    """An MP3 file of ``size`` bytes; ``timeline`` is that of what follows its tag."""

    timeline: Timeline
    tag_size: int
    size: int

    def span(self, start: int, stop: int | None) -> Reading[Span]:
        """Return the bytes of a part; both ends fall between frames."""
        first = yield from self._offset(start)
        if stop is None:
            return Span(first, self.size)
        last = yield from self._offset(stop)
        return Span(first, max(first, last))

    def _offset(self, cue_frames: int) -> Reading[int]:
        position_ms = cue_frames * 1000 // CUE_FRAMES_PER_S
        guess = self.tag_size + self.timeline.offset_at(position_ms)
        data = yield Span(guess, min(guess + _LOOK_BYTES, self.size))
        return guess + (next_frame(data) or 0)


def read_mpeg(path: str, start: int, size: int) -> Reading[MpegFile]:
    """Read the beginning of the MP3 file whose tag ends at ``start``."""
    head = yield Span(start, min(start + _HEAD_BYTES, size))
    sound = size - start
    timeline = read_timeline(path, head, sound)
    if timeline is None:
        timeline = Timeline(sound, estimated_length_ms(path, sound) or 1)
    return MpegFile(timeline, start, size)
