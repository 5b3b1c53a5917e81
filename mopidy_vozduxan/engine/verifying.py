"""Passes on only pieces that match their hash; finds what else is lost with a bad one.

libtorrent reads verified pieces without checking them again (2.0.8, 2.1.1), so a file
that changed since would be served. We hash the bytes in memory on every read: 16 MiB
take 15 to 100 ms of a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mopidy_vozduxan.engine.hashes import Check
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.protocol import PieceRead, PiecesLost, PieceUnreadable
from mopidy_vozduxan.engine.saving import Saving

#: A smaller piece is hashed on the loop: that takes no longer than passing it to a
#: thread.
AT_ONCE = 256 * 1024
#: How long to check what else of a damaged file is lost. The rest is found when it is
#: read.
INSPECT_S = 3.0


class Verifier:
    """Takes the results of ``read_piece``; answers as :class:`Engine` promises."""

    def __init__(self, members: Members, saving: Saving) -> None:
        self._members = members
        self._saving = saving
        self._hashing = ThreadPoolExecutor(2, "vozduxan-hashing")
        self._tasks: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """Stop checking."""
        for task in self._tasks:
            task.cancel()
        self._hashing.shutdown(wait=False, cancel_futures=True)

    def take(self, swarm: JoinedSwarm, piece: int, data: bytes, callers: int) -> None:
        """Pass a piece to its callers, if its bytes are right."""
        check = swarm.hashes.check_of(piece) if swarm.hashes else None
        if check is None:
            swarm.unhashed.append((piece, data, callers))
            self._saving.save(swarm)
        else:
            self._take(swarm, piece, data, callers, check)

    def learn(self, swarm: JoinedSwarm, params: Any | None) -> None:
        """Check the pieces whose hashes only libtorrent knew (v2).

        ``params`` is the swarm's state, or ``None`` if libtorrent did not give it.
        """
        waiting, swarm.unhashed = swarm.unhashed, []
        for piece, data, callers in waiting:
            if swarm.hashes and params is not None:
                swarm.hashes.learn(params, piece)
            check = swarm.hashes.check_of(piece) if swarm.hashes else None
            if check:
                self._take(swarm, piece, data, callers, check)
            else:
                self.refuse(swarm, piece, "its hash is not known", callers)

    def refuse(self, swarm: JoinedSwarm, piece: int, reason: str, callers: int) -> None:
        """Tell the callers that a piece cannot be read."""
        for _ in range(callers):
            self._members.emit(PieceUnreadable(swarm.infohash, piece, reason))
        swarm.looked_at(piece)

    def lose(self, swarm: JoinedSwarm, piece: int) -> None:
        """Treat a held piece as changed, and check its files.

        The callers get :class:`PiecesLost`.
        """
        swarm.damage.lose(piece)
        swarm.looked_at(piece)
        beside = swarm.hashes.pieces_beside(piece) if swarm.hashes else set()
        self.suspect(swarm, beside, piece)

    def suspect(self, swarm: JoinedSwarm, pieces: set[int], first: int = 0) -> None:
        """Check pieces that may be lost, then report those that are."""
        swarm.damage.suspect(pieces & swarm.held)
        if swarm.damage.inspection is None:
            task = self._members.loop.create_task(self._inspect(swarm, first))
            swarm.damage.inspect(task)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    # --- one piece

    def _take(
        self, swarm: JoinedSwarm, piece: int, data: bytes, callers: int, check: Check
    ) -> None:
        if len(data) <= AT_ONCE:
            self._judge(swarm, piece, data, callers, check(data))
            return

        def judge(future: asyncio.Future[bool]) -> None:
            if not future.cancelled():
                self._judge(swarm, piece, data, callers, future.result())

        future = self._members.loop.run_in_executor(self._hashing, check, data)
        future.add_done_callback(judge)

    def _judge(
        self, swarm: JoinedSwarm, piece: int, data: bytes, callers: int, right: bool
    ) -> None:
        if right:
            for _ in range(callers):
                self._members.emit(PieceRead(swarm.infohash, piece, data))
        elif swarm.leaving:
            self.refuse(swarm, piece, "the swarm was left", callers)
        else:
            self.lose(swarm, piece)
        swarm.looked_at(piece)

    # --- all that is lost with it

    async def _inspect(self, swarm: JoinedSwarm, first: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(INSPECT_S):
                while suspects := swarm.damage.next_suspects():
                    # Begin where the player reads on.
                    for piece in sorted(suspects, key=lambda p: (p < first, p)):
                        await self._look_at(swarm, piece)
        self._tell(swarm)

    async def _look_at(self, swarm: JoinedSwarm, piece: int) -> None:
        """Check a piece once; a lost one adds its own files to the suspects."""
        if not swarm.leaving and swarm.damage.see(piece):
            await swarm.look_at(piece).wait()

    def _tell(self, swarm: JoinedSwarm) -> None:
        damage = swarm.damage
        damage.end_inspection()
        if swarm.leaving or swarm.disk_trouble:
            return  # a swarm is not left on a disk that may not keep its state
        lost = damage.report()
        swarm.held -= lost
        if lost or damage.in_doubt:
            damage.doubt()
            self._members.emit(PiecesLost(swarm.infohash, lost))
