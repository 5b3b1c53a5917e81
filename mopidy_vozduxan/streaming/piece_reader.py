"""The bytes of one span of a stream, in order, for one HTTP request.

Holds no piece: it copies a small part at a time, so that a client that stops reading
holds no more than that. Influences what is wanted only through its position
(:meth:`PieceReader.head`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mopidy_vozduxan.exceptions import Cancelled, VozduxanError
from mopidy_vozduxan.planning.demand import Head
from mopidy_vozduxan.planning.patience import REARM_S
from mopidy_vozduxan.planning.spans import PieceMap, Span
from mopidy_vozduxan.streaming.superseding import is_being_cancelled
from mopidy_vozduxan.streaming.swarm import Swarm

#: The most that is handed on at a time.
PART_BYTES = 64 * 1024
#: The next piece is read into memory ahead of a client that has taken this much: others
#: may leave, or stop.
EARNS_NEXT_BYTES = 512 * 1024


class PieceReader:
    """An asynchronous source of the bytes of ``span``.

    ``moved`` is called whenever :meth:`head` has changed. ``player`` says whether the
    reader serves the player's own door. After its first piece it rests for ``pause_s``
    before it asks for a missing one, so that a client that has enough can close it.
    """

    def __init__(
        self,
        swarm: Swarm,
        pieces: PieceMap,
        span: Span,
        *,
        player: bool,
        moved: Callable[[PieceReader], None],
        clock: Callable[[], float],
        pause_s: float = 0.0,
    ) -> None:
        self.player = player
        self.closed = False
        self._swarm = swarm
        self._pieces = pieces
        self._span = span
        self._offset = span.start
        self._reached = span.start  # the end of the last piece that was read
        self._awaits: int | None = None  # a piece that is not held
        self._waits_from = 0.0
        self._moved = moved
        self._clock = clock
        self._pause_s = pause_s
        self._first = player and not pause_s  # before all others
        self._wait: asyncio.Future[bytes] | None = None
        self._end: VozduxanError | None = None

    def __repr__(self) -> str:
        state = "closed" if self.closed else "waiting" if self._wait else "idle"
        return f"<PieceReader {self._offset}/{self._span} {state}>"

    @property
    def waiting_since(self) -> float | None:
        """When it began to wait for the swarm, if it does."""
        waits = self._awaits is not None and self._awaits not in self._swarm.pieces.held
        return self._waits_from if waits else None

    def head(self) -> Head:
        """Return the reader's position, and whether it waits there.

        What is left of the piece that it reads counts as read.
        """
        since = self.waiting_since
        offset = self._reached if since is None else self._offset
        earned = offset - self._span.start
        stuck = since is not None and self._clock() - since >= REARM_S
        return Head(offset, earned, since is not None, stuck)

    async def next(self) -> bytes | None:
        """Return the next bytes, at most :data:`PART_BYTES`; ``None`` at the end.

        Waits as long as it takes. Raises :class:`Cancelled` once closed, the error that
        :meth:`fail` got, or the one that broke the swarm.
        """
        if self.closed:
            raise self._end or Cancelled("The stream was released.")
        if self._offset >= self._span.stop:
            return None
        piece = self._pieces.piece_at(self._offset)
        data = self._swarm.pieces.recent(piece, player=self._first)
        if data is None:
            await self._rest(piece)
            data = await self._piece(piece)
        stop = min(self._offset + PART_BYTES, self._span.stop)
        within = self._pieces.within(piece, Span(self._offset, stop))
        part = bytes(memoryview(data)[within])
        self._offset += len(part)
        self._took_from(piece)
        return part

    def _took_from(self, piece: int) -> None:
        """Note that the reader has moved on."""
        pieces = self._swarm.pieces
        end = self._pieces.span_of(piece).stop
        if self._offset >= end:
            pieces.leave(piece)
        if end < self._span.stop and self._has_read(EARNS_NEXT_BYTES):
            pieces.read_ahead(piece + 1)
        if self._reached < self._offset:
            self._reached = min(end, self._span.stop)
            self._moved(self)

    def _has_read(self, size: int) -> bool:
        return self._offset - self._span.start >= size

    async def _rest(self, piece: int) -> None:
        behind_first = self._offset > self._span.start
        if self._pause_s and behind_first and piece not in self._swarm.pieces.held:
            await asyncio.sleep(self._pause_s)
            if self.closed:
                raise self._end or Cancelled("The stream was released.")

    async def _piece(self, piece: int) -> bytes:
        self._awaits, self._waits_from = piece, self._clock()
        wait = self._swarm.pieces.wait(piece, player=self._first)
        self._wait = asyncio.ensure_future(wait)
        if piece not in self._swarm.pieces.held:
            self._moved(self)
        try:
            return await self._wait
        except asyncio.CancelledError:
            if self.closed and not is_being_cancelled():
                raise self._end or Cancelled("The stream was released.") from None
            raise
        finally:
            self._wait.cancel()
            self._wait = self._awaits = None

    def fail(self, error: VozduxanError) -> None:
        """End the current wait, and all later ones, with ``error``."""
        self._end = error
        self.close()

    def close(self) -> None:
        """Stop; a current wait ends at once. Safe to call twice."""
        if self.closed:
            return
        self.closed = True
        if self._wait:
            self._wait.cancel()
        self._swarm.pieces.reader_left()
        self._moved(self)
