"""Where a stream plays: the playhead, where a reader is expected, where it ends.

Lives on our event loop. Gets positions (ms) and offsets (bytes), and converts neither.
"""

from __future__ import annotations

from mopidy_vozduxan.planning.demand import Head


class Playhead:
    """``forecast`` is where a reader is expected: at the start, and after a seek."""

    def __init__(self, forecast: Head | None) -> None:
        self.forecast = forecast
        self.offset: int | None = None  # that sounds
        self.is_sure = False
        self.position_ms = 0  # what sounds
        self.stop_ms: int | None = None  # where the track ends before the file does
        self.starts_ms: tuple[int, ...] = ()  # where the next tracks in it begin

    def __repr__(self) -> str:
        return f"<Playhead {self.offset} at {self.position_ms} ms, {self.forecast}>"

    def sounds(self, position_ms: int) -> None:
        """Note the position that sounds now."""
        self.position_ms = position_ms

    def sounds_at(self, offset: int, *, sure: bool) -> None:
        """Note the offset that sounds now; unless ``sure``, it is a proportion."""
        self.offset, self.is_sure = offset, sure

    def jump(self, offset: int) -> None:
        """Expect a reader at ``offset``; the earlier playhead is void."""
        self.forecast, self.offset = Head(offset), None

    def reader_came(self) -> None:
        """Expect no reader any more: an open one reports its own position."""
        self.forecast = None

    def stop_at(self, stop_ms: int | None) -> None:
        """Note where the track ends; ``None`` means the end of the file."""
        self.stop_ms = stop_ms

    def followed_by(self, starts_ms: tuple[int, ...]) -> None:
        """Note where the next tracks begin in the same file."""
        self.starts_ms = starts_ms

    def remaining_ms(self, length_ms: int) -> int:
        """Return how long it still plays, from the playhead or from its start."""
        stop_ms = self.stop_ms or length_ms
        return max(0, min(stop_ms, length_ms) - self.position_ms)
