"""The bytes of one span of a stream, in order, for one HTTP request.

Holds at most one piece, and asks for the next. Influences what is wanted only through
its position (:meth:`PieceReader.head`).
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
        self.waiting_since: float | None = None
        self.closed = False
        self._swarm = swarm
        self._pieces = pieces
        self._span = span
        self._offset = span.start
        self._moved = moved
        self._clock = clock
        self._pause_s = pause_s
        self._wait: asyncio.Future[bytes] | None = None
        self._end: VozduxanError | None = None

    def __repr__(self) -> str:
        state = "closed" if self.closed else "waiting" if self._wait else "idle"
        return f"<PieceReader {self._offset}/{self._span} {state}>"

    def head(self) -> Head:
        """Return the reader's position, and whether it waits there."""
        earned = self._offset - self._span.start
        since = self.waiting_since
        stuck = since is not None and self._clock() - since >= REARM_S
        return Head(self._offset, earned, since is not None, stuck)

    async def next(self) -> memoryview | None:
        """Return the next bytes, at most one piece; ``None`` at the end.

        Waits as long as it takes. Raises :class:`Cancelled` once closed, the error that
        :meth:`fail` got, or the one that broke the swarm.
        """
        if self.closed:
            raise self._end or Cancelled("The stream was released.")
        if self._offset >= self._span.stop:
            return None
        piece = self._pieces.piece_at(self._offset)
        await self._rest(piece)
        data = await self._piece(piece)
        rest = Span(self._offset, self._span.stop)
        part = memoryview(data)[self._pieces.within(piece, rest)]
        self._offset += len(part)
        if self._offset < self._span.stop:
            self._swarm.pieces.read_ahead(piece + 1)
        self._moved(self)
        return part

    async def _rest(self, piece: int) -> None:
        behind_first = self._offset > self._span.start
        if self._pause_s and behind_first and piece not in self._swarm.pieces.held:
            await asyncio.sleep(self._pause_s)
            if self.closed:
                raise self._end or Cancelled("The stream was released.")

    async def _piece(self, piece: int) -> bytes:
        self.waiting_since = self._clock()
        self._wait = asyncio.ensure_future(self._swarm.pieces.wait(piece))
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
            self._wait = None
            self.waiting_since = None

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
        self._moved(self)
