"""The pieces of all swarms that are in memory, within one bound for all readers.

Lives on our event loop. A piece is read into memory when there is room for it; if there
is none, the read waits. Room comes from pieces that every reader has left, that nobody
has used for a moment, or whose turn is over. So readers that have stopped hold nothing,
and those that go on take turns. The player's reads come first. While a piece is read
there are two copies of it, the engine's and ours.

Files on disk belong to the engine.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mopidy_vozduxan.allocator import give_back

Key = tuple[str, int]  # infohash, piece

#: The client of a piece that nobody has used for this long has enough for now.
PAUSED_S = 0.25
#: How long a piece in use stays while somebody waits for room. Reading another piece of
#: 16 MiB and checking it takes 0.05 s.
TURN_S = 1.0
#: Give memory back to the system when nothing was read or freed for this long.
QUIET_S = 5.0
#: Drop pieces that nobody has used for this long, even if nobody needs the room.
FORGOTTEN_S = 10.0


@dataclass(slots=True)
class _Piece:
    """A piece in memory; ``data`` is ``None`` while it is read. Times of the loop.

    ``size`` is what it takes: twice its bytes while it is read.
    """

    size: int
    first: bool
    data: bytes | None = None
    since: float = 0.0
    used_at: float = 0.0
    left: bool = False

    def goes_at(self, for_first: bool) -> float:
        """Return when it makes room for a read that waits."""
        if self.data is None:
            return float("inf")
        if self.left or (for_first and not self.first):
            return 0.0
        return min(self.used_at + PAUSED_S, self.since + TURN_S)


@dataclass(slots=True)
class _Asked:
    """A read that waits for room of ``size``."""

    size: int
    first: bool
    read: Callable[[], None]


class PieceMemory:
    """At most ``limit`` bytes, or one piece; ``kept`` of them if they were all left."""

    def __init__(self, limit: int, kept: int) -> None:
        self._limit = limit
        self._kept = kept
        self._size = 0
        #: The least recently used first.
        self._pieces: OrderedDict[Key, _Piece] = OrderedDict()
        self._asked: dict[Key, _Asked] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._quiet: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<PieceMemory {self._size} bytes, {len(self._asked)} reads wait>"

    def get(self, key: Key, *, first: bool = False) -> bytes | None:
        """Return the bytes of a piece in memory. ``first`` is for the player."""
        piece = self._pieces.get(key)
        if piece is None or piece.data is None:
            return None
        self._use(key, piece, first)
        return piece.data

    def has(self, key: Key) -> bool:
        """Return whether a piece is in memory, or being read."""
        return key in self._pieces

    def ask(
        self, key: Key, size: int, read: Callable[[], None], *, first: bool
    ) -> None:
        """Call ``read`` once there is room for a piece; :meth:`put` follows."""
        if asked := self._asked.get(key):
            asked.first = asked.first or first
        elif key not in self._pieces:
            self._asked[key] = _Asked(2 * size, first, read)
        self._serve()

    def has_room(self, size: int) -> bool:
        """Return whether a piece should be read that nobody waits for yet.

        A third stays free for others, who may be about to ask.
        """
        return not self._asked and self._size + 2 * size <= self._limit * 2 // 3

    def put(self, key: Key, data: bytes) -> None:
        """Take the bytes of a piece that was read."""
        known = self._pieces.pop(key, None)
        self._size -= known.size if known else 0
        piece = _Piece(len(data), known is not None and known.first, data)
        piece.since = self._now()
        self._pieces[key] = piece
        self._size += piece.size
        self._use(key, piece, piece.first)
        self._tidy()
        self.give_back_later()

    def leave(self, key: Key) -> None:
        """Note that a reader needs a piece no more."""
        if piece := self._pieces.get(key):
            piece.left = piece.data is not None
            self._tidy()

    def drop(self, key: Key) -> None:
        """Forget a piece, and a read that waits for it."""
        self._asked.pop(key, None)
        if piece := self._pieces.pop(key, None):
            self._size -= piece.size
        self._serve()

    def withdraw(self, key: Key) -> bool:
        """Forget a read that nobody needs; return ``False`` if it has begun."""
        withdrawn = self._asked.pop(key, None) is not None
        self._serve()
        return withdrawn

    def close(self) -> None:
        """Forget everything."""
        self._pieces.clear()
        self._asked.clear()
        self._size = 0
        for timer in (self._timer, self._quiet):
            if timer:
                timer.cancel()

    def _use(self, key: Key, piece: _Piece, first: bool) -> None:
        piece.used_at = self._now()
        piece.first, piece.left = first, False
        self._pieces.move_to_end(key)

    def _tidy(self) -> None:
        """Drop what is left, beyond what is kept."""
        for key in [key for key, piece in self._pieces.items() if piece.left]:
            if self._size <= self._kept:
                break
            self._size -= self._pieces.pop(key).size
        self._serve()

    def _serve(self) -> None:
        """Begin the reads that there is room for, those of the player first."""
        while self._asked:
            key = next((k for k, a in self._asked.items() if a.first), None)
            key = key or next(iter(self._asked))
            asked = self._asked[key]
            if not self._make_room(asked):
                break
            del self._asked[key]
            self._pieces[key] = _Piece(asked.size, asked.first)
            self._size += asked.size
            asked.read()
        self._look_later()

    def _make_room(self, asked: _Asked) -> bool:
        now = self._now()
        while self._pieces and self._size + asked.size > self._limit:
            goes = (k for k, p in self._pieces.items() if p.goes_at(asked.first) <= now)
            key = next(goes, None)
            if key is None:
                return False
            self._size -= self._pieces.pop(key).size
        return True

    # --- later

    def give_back_later(self) -> None:
        """Give freed memory back to the system once nothing more is freed."""
        if self._quiet:
            self._quiet.cancel()
        loop = asyncio.get_running_loop()
        to_thread = partial(loop.run_in_executor, None, give_back)
        self._quiet = loop.call_later(QUIET_S, to_thread)

    def _look_later(self) -> None:
        """Look again when a piece goes."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        there = [piece for piece in self._pieces.values() if piece.data is not None]
        if not there:
            return
        if self._asked:
            first = any(asked.first for asked in self._asked.values())
            at = min(piece.goes_at(first) for piece in there)
        else:
            at = there[0].used_at + FORGOTTEN_S
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(at, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._now()
        for key, piece in list(self._pieces.items()):
            if piece.data is not None and piece.used_at + FORGOTTEN_S <= now:
                self._size -= self._pieces.pop(key).size
                self.give_back_later()
        self._serve()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
