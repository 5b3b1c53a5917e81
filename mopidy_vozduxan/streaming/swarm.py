"""One torrent as we see it: the pieces held, who waits for what, its numbers.

Lives on our event loop and belongs to the manager. Never decides what is
wanted; never holds a piece longer than somebody asks for it, but for the
shared :class:`PieceCache`.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import TypeVar

from mopidy_vozduxan.engine.protocol import Statistics
from mopidy_vozduxan.exceptions import StorageFailed, VozduxanError
from mopidy_vozduxan.planning.plan import Plan
from mopidy_vozduxan.streaming.hopeless import Hopeless
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentSource

T = TypeVar("T")

_HALF_FETCHED = -1  # stands for all pieces that are not held

#: A held piece that cannot be read so often in a row is a broken disk.
READ_ATTEMPTS = 3


class PieceCache:
    """Recently read pieces of all swarms, the oldest leaving first.

    ``limit`` is in bytes. A piece larger than the limit is not kept at all.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._pieces: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    def get(self, infohash: str, piece: int) -> bytes | None:
        """Return the bytes of a piece that is kept, else ``None``."""
        data = self._pieces.get((infohash, piece))
        if data is not None:
            self._pieces.move_to_end((infohash, piece))
        return data

    def put(self, infohash: str, piece: int, data: bytes) -> None:
        """Keep a piece for as long as there is room."""
        self.drop(infohash, piece)
        if len(data) > self._limit:
            return
        self._pieces[infohash, piece] = data
        self._size += len(data)
        while self._size > self._limit:
            _, oldest = self._pieces.popitem(last=False)
            self._size -= len(oldest)

    def drop(self, infohash: str, piece: int) -> None:
        """Forget a piece."""
        self._size -= len(self._pieces.pop((infohash, piece), b""))


class Swarm:
    """The state of one swarm, and the waits for its metadata and its pieces."""

    def __init__(
        self,
        source: TorrentSource,
        metainfo: Metainfo | None,
        cache: PieceCache,
        read_piece: Callable[[str, int], None],
        now: float,
    ) -> None:
        self.source = source
        self.metainfo = metainfo
        self.held: set[int] = set()
        self.added = False  # the engine knows of it
        self.streamed = False  # wanted for more than its metadata
        self.visited_at: float | None = None  # read in the background at that time
        self.plan: Plan | None = None
        self.came = 0  # so many pieces, since that plan was made
        self.statistics = Statistics()
        self.progressed_at = now
        self.met_at = now  # when peers were looked for last
        self.given_up = False  # somebody waited in vain, and nothing came since
        self.hopeless = Hopeless()  # what is not asked for any more
        self._most_good = 0  # bytes that came and were not wrong
        self.used_at = now
        self.failure: VozduxanError | None = None
        self.listeners: set[Callable[[], None]] = set()  # to numbers, and the end
        self._cache = cache
        self._read_piece = read_piece
        self._metadata_waits: set[asyncio.Future[Metainfo]] = set()
        self._piece_waits: dict[int, set[asyncio.Future[bytes]]] = {}
        self._reading: dict[int, int] = {}  # piece -> attempts so far
        self._losses: Counter[int] = Counter()  # piece -> times in a row it was lost

    def __repr__(self) -> str:
        return (
            f"<Swarm {self.infohash[:8]} {len(self.held)} held, "
            f"waited for: {sorted(self._piece_waits)}, {self.plan}>"
        )

    @property
    def infohash(self) -> str:
        """The name of the swarm."""
        return self.source.infohash

    @property
    def runs_out(self) -> bool:
        """Whether half of what the plan wanted has come: it is time for another."""
        return self.plan is not None and self.came * 2 >= self.plan.missing

    @property
    def names(self) -> frozenset[str]:
        """The infohash it was joined by, and the one it describes itself by."""
        own = self.metainfo.infohash if self.metainfo else self.infohash
        return frozenset((self.infohash, own))

    @property
    def name(self) -> str:
        """What a listener calls the torrent."""
        if self.metainfo:
            return self.metainfo.name
        return self.source.display_name or self.infohash

    @property
    def settled(self) -> set[int]:
        """The pieces that need not be fetched: held, or given up."""
        hopeless = self.hopeless.pieces
        return self.held | hopeless if hopeless else self.held

    @property
    def is_waited_for(self) -> bool:
        """Whether anybody waits for its metadata.

        Who waits for a piece has a stream, or had one a moment ago.
        """
        return bool(self._metadata_waits)

    # --- what it is used for

    def use(self, now: float) -> None:
        """Take it that somebody uses it."""
        self.used_at = now

    def visit(self, now: float) -> None:
        """Take it that it is read in the background."""
        self.visited_at = now

    def stream(self) -> None:
        """Take it that it is wanted for more than its metadata."""
        self.streamed = True

    def give_up(self) -> None:
        """Take it that somebody waited in vain."""
        self.given_up = True

    # --- waits

    async def wait_metainfo(self) -> Metainfo:
        """Return the metadata; wait for it. Raises what broke the swarm."""
        if self.metainfo:
            return self.metainfo
        return await self._wait(self._metadata_waits)

    async def wait_piece(self, piece: int) -> bytes:
        """Return the verified bytes of a piece; wait for it.

        Raises what broke the swarm, or :class:`StorageFailed`.
        """
        data = self._cache.get(self.infohash, piece)
        if data is not None:
            return data
        waits = self._piece_waits.setdefault(piece, set())
        try:
            if piece in self.held:
                self._read(piece)
            return await self._wait(waits)
        finally:
            if not waits and self._piece_waits.get(piece) is waits:
                del self._piece_waits[piece]

    def recent_piece(self, piece: int) -> bytes | None:
        """Return the bytes of a piece that was read a moment ago."""
        return self._cache.get(self.infohash, piece)

    def read_ahead(self, piece: int) -> None:
        """Have a held piece ready in the cache, if it is not there."""
        if piece in self.held and self._cache.get(self.infohash, piece) is None:
            self._read(piece)

    async def _wait(self, waits: set[asyncio.Future[T]]) -> T:
        if self.failure:
            raise self.failure
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        waits.add(future)
        try:
            return await future
        finally:
            waits.discard(future)

    def _read(self, piece: int) -> None:
        if piece not in self._reading:
            self._reading[piece] = 0
            self._read_piece(self.infohash, piece)

    # --- what the engine says

    def metadata_received(self, metainfo: Metainfo) -> None:
        """Take the metadata, and end the waits for it."""
        self.metainfo = metainfo
        _end(self._metadata_waits, metainfo)
        self._tell()

    def pieces_held(self, held: frozenset[int]) -> None:
        """Take the whole truth about what is on disk."""
        self.held = set(held)
        for piece in self._piece_waits.keys() & held:
            self._read(piece)

    def piece_finished(self, piece: int, now: float) -> None:
        """Note a piece that passed its hash check; read it if somebody waits."""
        self.held.add(piece)
        self.came += 1
        self.progressed_at = now
        self.given_up = False
        self.hopeless.hope({piece})
        if piece in self._piece_waits:
            self._read(piece)

    def piece_read(self, piece: int, data: bytes) -> None:
        """Hand the bytes of a piece to whoever waits for them."""
        self._reading.pop(piece, None)
        for loss in (piece, _HALF_FETCHED):
            self._losses.pop(loss, None)
        self._cache.put(self.infohash, piece, data)
        _end(self._piece_waits.get(piece, set()), data)

    def piece_unreadable(self, piece: int, reason: str) -> None:
        """Read again what should be there; give up after a few attempts."""
        attempts = self._reading.pop(piece, 0) + 1
        if piece not in self.held or piece not in self._piece_waits:
            return
        if attempts < READ_ATTEMPTS:
            self._reading[piece] = attempts
            self._read_piece(self.infohash, piece)
            return
        error = StorageFailed(f"A piece of “{self.name}” cannot be read: {reason}.")
        _fail(self._piece_waits.get(piece, set()), error)

    def pieces_lost(self, lost: frozenset[int], now: float) -> bool:
        """Take it that the engine begins anew; return whether there is hope.

        What it holds is told again. A disk that loses what was fetched anew loses
        it once more.
        """
        lost = lost or frozenset((_HALF_FETCHED,))
        self._losses.update(lost)
        self.begin_anew(now)
        self.progressed_at = now
        return all(self._losses[piece] < READ_ATTEMPTS for piece in lost)

    def begin_anew(self, now: float) -> None:
        """Take it that it is joined anew: the engine tells all it holds again."""
        self.held, self._reading, self.added = set(), {}, False
        self.statistics, self._most_good = Statistics(), 0
        self.met_at, self.given_up = now, False

    def statistics_changed(self, statistics: Statistics, now: float) -> None:
        """Take new numbers; more payload is progress.

        A piece that turns out wrong is taken back, so what comes in its place is
        none before it is more than that.
        """
        if statistics.payload < self.statistics.payload:
            self._most_good = 0  # it is counted anew
        good = statistics.payload - statistics.wasted
        if good > self._most_good:
            self._most_good, self.progressed_at = good, now
        self.statistics = statistics
        self._tell()

    def broke(self, error: VozduxanError) -> None:
        """End every wait with ``error``, and those to come."""
        self.failure = error
        _fail(self._metadata_waits, error)
        for waits in list(self._piece_waits.values()):
            _fail(waits, error)
        self._tell()

    def _tell(self) -> None:
        for listener in list(self.listeners):
            listener()


def _end(waits: set[asyncio.Future[T]], result: T) -> None:
    for future in list(waits):
        if not future.done():
            future.set_result(result)


def _fail(waits: set[asyncio.Future[T]], error: VozduxanError) -> None:
    for future in list(waits):
        if not future.done():
            future.set_exception(error)
