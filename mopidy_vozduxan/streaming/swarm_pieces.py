"""The pieces of one swarm: which are held or given up, and who waits for them.

Lives on our event loop. Keeps no piece in memory longer than somebody needs it, except
in the shared :class:`PieceCache`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Set

from mopidy_vozduxan.exceptions import StorageFailed, VozduxanError
from mopidy_vozduxan.streaming.hopeless_pieces import HopelessPieces
from mopidy_vozduxan.streaming.piece_cache import PieceCache
from mopidy_vozduxan.streaming.waits import Waits

_HALF_FETCHED = -1  # stands for all pieces that are not held

#: A held piece that cannot be read this often in a row means a broken disk.
READ_ATTEMPTS = 3


class SwarmPieces:
    """``read`` asks the engine for the bytes of a held piece."""

    def __init__(
        self, infohash: str, cache: PieceCache, read: Callable[[str, int], None]
    ) -> None:
        self.held: set[int] = set()
        self.likely: set[int] = set()  # perhaps on disk, to be checked when wanted
        self.hopeless = HopelessPieces()  # not requested any more
        self._infohash = infohash
        self._cache = cache
        self._ask_engine = read
        self._failure: VozduxanError | None = None
        self._waits: dict[int, Waits[bytes]] = {}
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

    async def wait(self, piece: int) -> bytes:
        """Wait for a piece, and return its verified bytes.

        Raises the error that broke the swarm, or :class:`StorageFailed`.
        """
        data = self.recent(piece)
        if data is not None:
            return data
        waits = self._waits.setdefault(piece, Waits())
        try:
            if piece in self.held:
                self._read(piece)
            if self._failure:
                raise self._failure
            return await waits.wait()
        finally:
            if not waits and self._waits.get(piece) is waits:
                del self._waits[piece]

    def recent(self, piece: int) -> bytes | None:
        """Return the bytes of a cached piece."""
        return self._cache.get(self._infohash, piece)

    def read_ahead(self, piece: int) -> None:
        """Read a held piece into the cache, if it is not there."""
        if piece in self.held and self.recent(piece) is None:
            self._read(piece)

    def _read(self, piece: int) -> None:
        if piece not in self._reading:
            self._reading[piece] = 0
            self._ask_engine(self._infohash, piece)

    # --- what the engine says

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
        self._cache.put(self._infohash, piece, data)
        if waits := self._waits.get(piece):
            waits.end(data)

    def read_again(self, piece: int, error: StorageFailed) -> None:
        """Read a piece again that could not be read; fail after a few attempts."""
        attempts = self._reading.pop(piece, 0) + 1
        if piece not in self.held or piece not in self._waits:
            return
        if attempts < READ_ATTEMPTS:
            self._reading[piece] = attempts
            self._ask_engine(self._infohash, piece)
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
        self.held, self.likely, self._reading = set(), set(), {}

    def fail(self, error: VozduxanError) -> None:
        """End every wait, now and later, with ``error``."""
        self._failure = error
        for waits in list(self._waits.values()):
            waits.fail(error)
