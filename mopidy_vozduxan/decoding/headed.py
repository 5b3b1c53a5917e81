"""A file with a header that it lacks, put between its tag and its sound.

Runs on our event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mopidy_vozduxan.cue.cutter import StretchReader
from mopidy_vozduxan.cue.source import Source
from mopidy_vozduxan.planning.spans import Span


@dataclass(frozen=True, slots=True)
class Headed:
    """A ``tag``, the ``header``, and the ``sound``: all that is served of a file."""

    tag: Span
    header: bytes
    sound: Span


class HeadedCut:
    """Such a file, as the player gets it."""

    def __init__(
        self, open_source: Callable[[], Source], file: Headed, content_type: str
    ) -> None:
        self.size = len(file.tag) + len(file.header) + len(file.sound)
        self.content_type = content_type
        self._open_source = open_source
        self._file = file

    def open(self, start: int, stop: int) -> _Reader:
        """Open a reader over the bytes ``[start, stop)``."""
        file = self._file
        tag = _part(file.tag, start, stop)
        start, stop = start - len(file.tag), stop - len(file.tag)
        header = file.header[max(0, start) : max(0, stop)]
        start, stop = start - len(file.header), stop - len(file.header)
        sound = _part(file.sound, start, stop)
        source = self._open_source()
        return _Reader(
            StretchReader(source, b"", tag), StretchReader(source, header, sound)
        )


class _Reader:
    """Reads one stretch, then the other."""

    def __init__(self, first: StretchReader, second: StretchReader) -> None:
        self._first = first
        self._second = second

    async def next(self) -> bytes | None:
        """Return the next bytes; None at the end."""
        return await self._first.next() or await self._second.next()

    def close(self) -> None:
        """Stop at once."""
        self._second.close()


def _part(span: Span, start: int, stop: int) -> Span:
    """Return the bytes ``[start, stop)`` of a span, as far as it has them."""
    first = span.start + min(max(0, start), len(span))
    return Span(first, span.start + min(max(0, stop), len(span)))
