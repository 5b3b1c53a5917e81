"""The timeline of MPEG audio whose bit rate varies and that has no header for it. Pure.

Its frames tell: all of them in a file of usual size, else those at some places.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from mopidy_vozduxan.audio.answering import Asking
from mopidy_vozduxan.audio.mpeg_frames import FEWEST_FRAMES, Frame, frame_at, frames_at
from mopidy_vozduxan.planning.position import Point, Timeline
from mopidy_vozduxan.planning.spans import Span

#: A song is read whole: it is going to be played, and its length is then exact.
MOST_WHOLE = 8 * 1024 * 1024
#: Counting the frames of a window takes 3 ms.
_WINDOW_BYTES = 256 * 1024
#: Of a larger file. Each place has some seven frames.
_LOOKS = 48
_LOOK_BYTES = 8 * 1024
#: How often, in one window, a place where frames break off is looked for a new start.
_MOST_TRIES = 2000
_MOST_POINTS = 4000


def read_table(start: int, stop: int, size: int) -> Asking[Timeline | None]:
    """Read the frames from ``start`` to ``stop`` of a file of ``size`` bytes.

    None if there are none.
    """
    counting = _counted if stop - start <= MOST_WHOLE else _sampled
    points = yield from counting(start, stop)
    if not points:
        return None
    return Timeline(size, points[-1][0], points[0][1], tuple(points[1:]))


@dataclass(slots=True)
class _Count:
    """The frames of one kind that were counted, and where each thousandth starts."""

    frame: Frame | None = None
    frames: int = 0
    starts: list[tuple[int, int]] = field(default_factory=list)

    def take(self, data: bytes, base: int) -> int:
        """Count the frames in ``data``, at the offset ``base``; return what is used."""
        at = tries = 0
        while at < len(data):
            frame = frame_at(data, at)
            if frame and (self.frame is None or frame.kind == self.frame.kind):
                if at + frame.length > len(data):
                    break
                if self.frame or _is_run(data, at):
                    self._add(frame, base + at)
                    at += frame.length
                    continue
            tries += 1
            found = _next_run(data, at + 1) if tries < _MOST_TRIES else None
            at = len(data) if found is None else found
        return at

    def _add(self, frame: Frame, offset: int) -> None:
        self.frame = self.frame or frame
        self.starts.append((self.frames, offset))
        self.frames += 1

    def points(self, stop: int) -> list[Point]:
        """Return where frames start, and the end."""
        if self.frame is None:
            return []
        step = len(self.starts) // _MOST_POINTS + 1
        places = [*self.starts[::step], (self.frames, stop)]
        samples, rate = self.frame.samples, self.frame.rate
        return [(n * samples * 1000 // rate, offset) for n, offset in places]


def _counted(start: int, stop: int) -> Asking[list[Point]]:
    count, at = _Count(), start
    while at < stop:
        data = yield Span(at, min(at + _WINDOW_BYTES, stop))
        used = count.take(data, at)
        if not used:
            break
        at += used
    return count.points(stop)


def _sampled(start: int, stop: int) -> Asking[list[Point]]:
    """Take the time per byte between two places to be the mean of theirs."""
    apart = (stop - _LOOK_BYTES - start) / (_LOOKS - 1)
    per_byte: list[float] = []  # in ms
    for number in range(_LOOKS):
        place = start + int(number * apart)
        data = yield Span(place, place + _LOOK_BYTES)
        per_byte.append(_ms_per_byte(data) or (per_byte[-1] if per_byte else 0.0))
    if not all(per_byte):
        return []
    steps = ((a + b) / 2 * apart for a, b in itertools.pairwise(per_byte))
    times = list(itertools.accumulate(steps, initial=0.0))
    points = [(round(ms), start + int(n * apart)) for n, ms in enumerate(times)]
    return [*points, (round(times[-1] + _LOOK_BYTES * per_byte[-1]), stop)]


def _ms_per_byte(data: bytes) -> float | None:
    at = _next_run(data, 0)
    frames = list(frames_at(data, at)) if at is not None else []
    if not frames:
        return None
    first = frames[0]
    length = sum(frame.length for frame in frames)
    return len(frames) * first.samples * 1000 / (first.rate * length)


def _next_run(data: bytes, at: int) -> int | None:
    """Return where frames in a row start; None if nowhere."""
    for _ in range(_MOST_TRIES):
        at = data.find(b"\xff", at)
        if at < 0:
            return None
        if _is_run(data, at):
            return at
        at += 1
    return None


def _is_run(data: bytes, at: int) -> bool:
    run = itertools.islice(frames_at(data, at), FEWEST_FRAMES)
    return len(list(run)) == FEWEST_FRAMES
