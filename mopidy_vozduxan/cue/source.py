"""The bytes of a file that a swarm delivers, in any order and in small amounts.

Runs on our event loop. It has one reader, and keeps little more than the reader's last
bytes. As long as bytes are read in order they come from the same reader; a jump opens a
new one.
"""

from __future__ import annotations

from collections.abc import Callable

from mopidy_vozduxan.audio.answering import Asking, T, answered
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.streaming.serving_protocol import Reader

#: How far a span may start before the end of the previous one.
_KEPT_BYTES = 256 * 1024


class Source:
    """The bytes of a file of ``size``; ``open_reader(start, stop)`` reads them."""

    def __init__(self, open_reader: Callable[[int, int], Reader], size: int) -> None:
        self.size = size
        self._open_reader = open_reader
        self._reader: Reader | None = None
        self._start = 0  # the offset of the first byte kept
        self._kept = bytearray()

    async def read(self, span: Span) -> bytes:
        """Return the bytes of ``span``, as many as the file has.

        Waits for the swarm. Raises the errors of its readers.
        """
        wanted = span.clipped(self.size)
        if not wanted:
            return b""
        if not self._start <= wanted.start <= self._start + len(self._kept):
            self._turn_to(wanted.start)
        while self._start + len(self._kept) < wanted.stop:
            await self._read_on(wanted.start)
        at = wanted.start - self._start
        return bytes(self._kept[at : at + len(wanted)])

    async def answer(self, asking: Asking[T]) -> T:
        """Run ``asking`` to its end, and return its result."""
        return await answered(asking, self.read)

    def close(self) -> None:
        """Stop at once. Safe to call again."""
        if self._reader:
            self._reader.close()
        self._reader = None
        self._start, self._kept = 0, bytearray()

    def _turn_to(self, offset: int) -> None:
        # The new one first, so that the stream always has a reader.
        old, self._reader = self._reader, self._open_reader(offset, self.size)
        if old:
            old.close()
        self._start, self._kept = offset, bytearray()

    async def _read_on(self, wanted: int) -> None:
        if self._reader is None:
            self._turn_to(wanted)
        assert self._reader is not None
        data = await self._reader.next()
        if data is None:
            raise EOFError("the reader ended before the file")
        drop = min(wanted - _KEPT_BYTES - self._start, len(self._kept))
        if drop > 0:
            del self._kept[:drop]
            self._start += drop
        self._kept += data
