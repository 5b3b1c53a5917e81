"""Ogg: the pages count samples, so the first and the last one give the length. Pure.

Over HTTP, GStreamer's answer depends on timing. It is wrong if we have only both ends
of a file, and large pictures come first (measured).

Files may follow one another in one file (a *chain*, as radio stations send it). Each
link has streams of its own, so we search for the places where they change. A file that
was cut out of a live stream starts at a high count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from mopidy_vozduxan.audio.answering import Asking
from mopidy_vozduxan.audio.container import (
    OPUS_KBPS,
    SPEECH_KBPS,
    VIDEO_KBPS,
    VORBIS_KBPS,
    Container,
    Format,
)
from mopidy_vozduxan.audio.ogg_pages import (
    MOST_PAGE_BYTES,
    SIGNATURE,
    Clock,
    Page,
    clock_of,
    pages,
)
from mopidy_vozduxan.planning.spans import Span

#: Holds at least one whole page header.
_LOOK_BYTES = MOST_PAGE_BYTES
#: How many links are looked for, and how many places are looked at. What is left then
#: is taken to be as dense as the rest.
_MOST_LINKS = 64
_MOST_LOOKS = 256
#: A recording that starts later than this was cut out of another.
_CUT_S = 2


@dataclass(frozen=True, slots=True)
class _Link:
    """A link: its clock, all its streams, the one that sounds, and its first count."""

    clock: Clock
    streams: frozenset[int]
    stream: int
    first: int

    def length_ms(self, last: int) -> int:
        """Return its length, if ``last`` is its last count."""
        samples = last - self.first - self.clock.skipped
        return max(0, samples) * 1000 // self.clock.rate


def measured(start: int, size: int) -> Asking[int | None]:
    """Return the length in ms of the Ogg file from ``start`` to ``size``.

    None if there is no sound in it that we know.
    """
    end = list(pages((yield Span(max(start, size - _LOOK_BYTES), size))))
    at, total, looks = start, 0, 0
    for _ in range(_MOST_LINKS):
        head = yield Span(at, at + _LOOK_BYTES).clipped(size)
        link = _link(head)
        if link is None:
            break
        last = _last_count(end, link)
        if last is not None and end[-1].stream in link.streams:
            return total + link.length_ms(last)
        seen, last, after = yield from _end_of(link, at, size)
        looks += seen
        total += link.length_ms(last)
        if after is None:
            return total or None
        at = after
        if looks > _MOST_LOOKS:
            break
    return total * (size - start) // (at - start) if at > start and total else None


def _end_of(link: _Link, start: int, size: int) -> Asking[tuple[int, int, int | None]]:
    """Find the end of a link: places looked at, its last count, and the next link."""
    low, high, looks = start, size, 0
    while high - low > _LOOK_BYTES and looks < _MOST_LOOKS:
        middle = (low + high) // 2
        data = yield Span(middle, middle + _LOOK_BYTES).clipped(size)
        looks += 1
        page = next(pages(data, middle), None)
        if page and page.stream in link.streams and page.offset < high:
            low = page.offset
        else:
            high = middle
    data = yield Span(low, high + _LOOK_BYTES).clipped(size)
    found = list(pages(data, low))
    after = (p.offset for p in found if p.is_first and p.stream not in link.streams)
    last = _last_count(found, link)
    return looks + 1, link.first if last is None else last, next(after, None)


def _last_count(found: Iterable[Page], link: _Link) -> int | None:
    counts = [
        page.count for page in found if page.stream == link.stream and page.count >= 0
    ]
    return counts[-1] if counts else None


def _link(head: bytes) -> _Link | None:
    """Return the link that begins with ``head``."""
    found = list(pages(head))
    firsts = list(takewhile(lambda page: page.is_first, found))
    for page in firsts:
        clock = clock_of(head[page.start : page.stop])
        if clock:
            streams = frozenset(page.stream for page in firsts)
            own = [p for p in found if p.stream == page.stream and p.count > 0]
            return _Link(clock, streams, page.stream, _first_count(head, own, clock))
    return None


def _first_count(head: bytes, own: Sequence[Page], clock: Clock) -> int:
    """Return the count before the first page of sound; 0 unless it was cut out."""
    if len(own) < 2:
        return 0
    first, second = own[:2]
    if clock.samples_of:
        samples = sum(map(clock.samples_of, _packets(head, first)))
    else:  # each page has about as many samples per packet as the next
        each = (second.count - first.count) / max(1, second.packets)
        samples = round(each * first.packets)
    count = first.count - samples
    return count if count > _CUT_S * clock.rate else 0


def _packets(head: bytes, page: Page) -> list[bytes]:
    """Return the packets that end on a page; the first may be the rest of one."""
    found, at, start = [], page.start, page.start
    for length in page.lacing:
        at += length
        if length < 255:
            found.append(head[start:at])
            start = at
    return found


_TYPE = "audio/ogg"
_TAIL_KIB = 128  # measured

CONTAINER = Container(
    formats={
        "ogg": Format(_TYPE, VORBIS_KBPS, _TAIL_KIB),
        "oga": Format(_TYPE, VORBIS_KBPS, _TAIL_KIB),
        "opus": Format(_TYPE, OPUS_KBPS, _TAIL_KIB),
        "ogx": Format(_TYPE, VORBIS_KBPS, _TAIL_KIB),
        "ogv": Format("video/ogg", VIDEO_KBPS, _TAIL_KIB),
        "ogm": Format("video/ogg", VIDEO_KBPS, _TAIL_KIB),
        "spx": Format(_TYPE, SPEECH_KBPS, _TAIL_KIB),
    },
    signatures=((0, SIGNATURE),),
    demuxer_cuts=True,
    measure=measured,
)
