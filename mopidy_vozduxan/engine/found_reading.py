"""Checks pieces that may be on disk as soon as they are wanted, and reads found ones.

One piece of a swarm at a time, the most urgent first. A piece that is not there goes to
libtorrent with what is wanted of it. Every read is hashed, as libtorrent's are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from mopidy_vozduxan.engine.file_table import FileTable
from mopidy_vozduxan.engine.hashes import Check
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.places import Place
from mopidy_vozduxan.engine.protocol import (
    PieceAbsent,
    PieceFinished,
    PieceRead,
    PiecesLost,
)

#: A disk that does not answer for this long holds nothing for us.
CHECK_S = 10.0


class FoundReading:
    """Reads files on threads of its own, which may hang with a disk."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._reading = ThreadPoolExecutor(2, "vozduxan-found")
        self._tasks: dict[JoinedSwarm, asyncio.Task[None]] = {}

    def close(self) -> None:
        """Stop checking."""
        for task in self._tasks.values():
            task.cancel()
        self._reading.shutdown(wait=False, cancel_futures=True)

    def go_on(self, swarm: JoinedSwarm) -> None:
        """Check what is wanted and may be on disk."""
        if swarm not in self._tasks and swarm.found.next() is not None:
            task = self._members.loop.create_task(self._check_all(swarm))
            self._tasks[swarm] = task
            task.add_done_callback(lambda _: self._tasks.pop(swarm, None))

    def read(self, swarm: JoinedSwarm, piece: int) -> None:
        """Read a found piece; :class:`PieceRead` or :class:`PiecesLost` follows."""
        place = swarm.found.place_of(piece)
        places = (place,) if place else ()

        def tell(reading: asyncio.Future[tuple[Place, bytes] | None]) -> None:
            if reading.cancelled():
                return
            if read := reading.result():
                self._members.emit(PieceRead(swarm.infohash, piece, read[1]))
            else:
                swarm.found.lose(piece)
                self._members.emit(PiecesLost(swarm.infohash, frozenset((piece,))))

        self._read(swarm, piece, places).add_done_callback(tell)

    async def _check_all(self, swarm: JoinedSwarm) -> None:
        while not swarm.leaving and (piece := swarm.found.next()) is not None:
            reading = self._read(swarm, piece, swarm.found.places)
            done, _ = await asyncio.wait((reading,), timeout=CHECK_S)
            if not done:
                for one in list(swarm.found.likely):
                    self._miss(swarm, one)
            elif read := reading.result():
                swarm.found.find(piece, read[0])
                self._members.emit(PieceFinished(swarm.infohash, piece))
            else:
                self._miss(swarm, piece)

    def _miss(self, swarm: JoinedSwarm, piece: int) -> None:
        swarm.want_absent(piece)
        self._members.emit(PieceAbsent(swarm.infohash, piece))

    def _read(
        self, swarm: JoinedSwarm, piece: int, places: Iterable[Place]
    ) -> asyncio.Future[tuple[Place, bytes] | None]:
        hashes = swarm.hashes
        assert hashes, "without metadata no piece is likely"
        check = hashes.check_of(piece)
        return self._members.loop.run_in_executor(
            self._reading, _read, hashes.table, piece, places, check
        )


def _read(
    table: FileTable, piece: int, places: Iterable[Place], check: Check | None
) -> tuple[Place, bytes] | None:
    """Return the first place where the piece is right, and its bytes; blocks."""
    for place in places if check else ():
        data = place.read(table, piece)
        if data is not None and check and check(data):
            return place, data
    return None
