"""The pieces of one swarm: which are held or given up, and who waits for them.

Lives on our event loop. Bytes are in the shared :class:`PieceMemory` only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Set
from functools import partial

from mopidy_vozduxan.exceptions import StorageFailed, VozduxanError
from mopidy_vozduxan.streaming.hopeless_pieces import HopelessPieces
from mopidy_vozduxan.streaming.piece_memory import PieceMemory
from mopidy_vozduxan.streaming.waits import Waits

_HALF_FETCHED = -1  # stands for all pieces that are not held

#: A held piece that cannot be read this often in a row means a broken disk.
READ_ATTEMPTS = 3


class SwarmPieces:
    """``read`` asks the engine for the bytes of a held piece."""

    def __init__(
        self, infohash: str, memory: PieceMemory, read: Callable[[str, int], None]
    ) -> None:
        self.held: set[int] = set()
        self.likely: set[int] = set()  # perhaps on disk, to be checked when wanted
        self.hopeless = HopelessPieces()  # not requested any more
        self._infohash = infohash
        self._memory = memory
        self._ask_engine = read
        self._piece_length = 0
        self._failure: VozduxanError | None = None
        self._waits: dict[int, Waits[bytes]] = {}
        self._player_waits: set[int] = set()
        self._reading: dict[int, int] = {}  # piece -> attempts so far
        self._losses: Counter[int] = Counter()  # piece -> times in a row it was lost

    def __repr__(self) -> str:
        return f"<SwarmPieces {len(self.held)} held, waited for: {sorted(self._waits)}>"

    @property
    def settled(self) -> set[int]:
        """The pieces that need not be fetched: held, or given up."""
        hopeless = self.hopeless.pieces
        return self.held | hopeless if hopeless else self.held

    @property
    def awaited(self) -> Set[int]:
        """The pieces that somebody waits for."""
        return self._waits.keys()

    # --- waits and reads

    async def wait(self, piece: int, *, player: bool = False) -> bytes:
        """Wait for a piece, and for room in memory; return its verified bytes.

        The ``player`` comes before others. Raises the error that broke the swarm, or
        :class:`StorageFailed`.
        """
        if self._failure:
            raise self._failure
        data = self.recent(piece, player=player)
        if data is not None:
            return data
        waits = self._waits.setdefault(piece, Waits())
        if player:
            self._player_waits.add(piece)
        try:
            if piece in self.held:
                self._read(piece)
            return await waits.wait()
        finally:
            if not waits and self._waits.get(piece) is waits:
                self._end_waits(piece)

    def _end_waits(self, piece: int) -> None:
        del self._waits[piece]
        self._player_waits.discard(piece)
        if self._memory.withdraw(self._key(piece)):
            self._reading.pop(piece, None)

    def recent(self, piece: int, *, player: bool = False) -> bytes | None:
        """Return the bytes of a piece that is in memory."""
        return self._memory.get(self._key(piece), first=player)

    def read_ahead(self, piece: int) -> None:
        """Read a held piece into memory, if it is not there and there is room."""
        there = piece in self._reading or self._memory.has(self._key(piece))
        if piece not in self.held or there:
            return
        if self._memory.has_room(self._piece_length):
            self._read(piece)

    def leave(self, piece: int) -> None:
        """Note that a reader needs a piece no more."""
        self._memory.leave(self._key(piece))

    def reader_left(self) -> None:
        """Note that a reader was closed, and its response with it."""
        self._memory.give_back_later()

    def _read(self, piece: int) -> None:
        self._reading.setdefault(piece, 0)
        self._memory.ask(
            self._key(piece),
            self._piece_length,
            partial(self._ask_engine, self._infohash, piece),
            first=piece in self._player_waits,
        )

    def _key(self, piece: int) -> tuple[str, int]:
        return self._infohash, piece

    # --- what the engine says

    def describe(self, piece_length: int) -> None:
        """Take the size of a piece: the metadata is here."""
        self._piece_length = piece_length

    def hold(self, held: frozenset[int], likely: frozenset[int]) -> None:
        """Take the pieces that are on disk, and those that may be."""
        self.held, self.likely = set(held), set(likely)
        for piece in self._waits.keys() & held:
            self._read(piece)

    def finish(self, piece: int) -> None:
        """Note a piece that passed its hash check; read it if somebody waits."""
        self.held.add(piece)
        self.likely.discard(piece)
        self.hopeless.hope({piece})
        if piece in self._waits:
            self._read(piece)

    def miss(self, piece: int) -> None:
        """Note that a likely piece is not on disk."""
        self.likely.discard(piece)

    def hand_out(self, piece: int, data: bytes) -> None:
        """Give the bytes of a piece to all that wait for them."""
        self._reading.pop(piece, None)
        for loss in (piece, _HALF_FETCHED):
            self._losses.pop(loss, None)
        self._memory.put(self._key(piece), data)
        if waits := self._waits.get(piece):
            waits.end(data)

    def read_again(self, piece: int, error: StorageFailed) -> None:
        """Read a piece again that could not be read; fail after a few attempts."""
        attempts = self._reading.pop(piece, 0) + 1
        self._memory.drop(self._key(piece))
        if piece not in self.held or piece not in self._waits:
            return
        if attempts < READ_ATTEMPTS:
            self._reading[piece] = attempts
            self._read(piece)
            return
        self._waits[piece].fail(error)

    def lose(self, lost: frozenset[int]) -> bool:
        """Note that pieces were lost; return whether there is hope.

        The engine starts over, and reports again what it holds. There is no hope if the
        disk loses the same pieces again and again.
        """
        lost = lost or frozenset((_HALF_FETCHED,))
        self._losses.update(lost)
        self.begin_anew()
        return all(self._losses[piece] < READ_ATTEMPTS for piece in lost)

    def begin_anew(self) -> None:
        """Note that the engine will report all held pieces again."""
        self.held, self.likely = set(), set()
        self._forget_reads()

    def _forget_reads(self) -> None:
        """Have no read counted whose answer will not come."""
        reading, self._reading = self._reading, {}
        for piece in reading:
            self._memory.drop(self._key(piece))

    def fail(self, error: VozduxanError) -> None:
        """End every wait, now and later, with ``error``."""
        self._failure = error
        self._forget_reads()
        for waits in list(self._waits.values()):
            waits.fail(error)
