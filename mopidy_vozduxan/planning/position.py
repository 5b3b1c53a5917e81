"""Position in ms ↔ offset in bytes, by proportion over the audio of a file.

A proportion is exact for constant bitrates and close for the rest; what is
known better (a seek table) belongs here too, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeline:
    """A stream of ``size`` bytes that plays for ``length_ms``.

    ``audio_start`` is the offset of the first audio byte: tags and pictures
    before it take no time.
    """

    size: int
    length_ms: int
    audio_start: int = 0

    @property
    def byte_rate(self) -> float:
        """Bytes of audio per second; at least one."""
        audio = max(1, self.size - self.audio_start)
        return max(1.0, audio * 1000 / max(1, self.length_ms))

    def offset_at(self, position_ms: int) -> int:
        """Return the offset of the byte that sounds at ``position_ms``."""
        played = min(max(position_ms, 0), self.length_ms)
        audio = self.size - self.audio_start
        offset = self.audio_start + audio * played // max(1, self.length_ms)
        return min(max(offset, 0), max(0, self.size - 1))

    def position_at(self, offset: int) -> int:
        """Return the position in ms at which the byte ``offset`` sounds."""
        audio = max(1, self.size - self.audio_start)
        return self.length_ms * max(0, offset - self.audio_start) // audio
