"""Swarms whose disk fails: they keep what they hold, and go on when it works again.

Design notes. After a failed write libtorrent sets a torrent to upload mode (ENOSPC,
EDQUOT only by chance, EROFS, EACCES, EPERM; 2.0.8 and 2.1.1). After any other disk
error it pauses it with the error; 2.0.8 writes through memory maps, and a full disk is
EFAULT there. It never tries again by itself within ten minutes. Leaving and joining
again was rejected: the resume data is then as up to date as the disk allowed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine import alerts
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.disk_probe import Trouble, described, trouble_of
from mopidy_vozduxan.engine.disk_thread import DiskThread
from mopidy_vozduxan.engine.holding import Holding
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.protocol import DiskTrouble, SwarmBroke
from mopidy_vozduxan.engine.verifying import Verifier

logger = logging.getLogger(__name__)

#: All writes that are under way fail together, within a moment.
SETTLE_S = 0.3
CHECK_EVERY_S = 2.0
#: With less room the next pieces would fill the disk at once.
LEAST_ROOM = 2 * 1024 * 1024
ROOM_PIECES = 2
#: A swarm whose writes fail this often, although its folder can be written to, cannot
#: be helped; a name may be too long, for example.
MOST_RELAPSES = 3
#: Trouble that comes back after less than this is the same trouble.
RELAPSE_S = 30.0


class DiskTroubles:
    """Files are where ``disk`` says; they are looked at on ``thread``."""

    def __init__(
        self,
        members: Members,
        holding: Holding,
        verifier: Verifier,
        disk: DiskStore,
        thread: DiskThread,
    ) -> None:
        self._members = members
        self._holding = holding
        self._verifier = verifier
        self._disk = disk
        self._thread = thread
        self._tasks: set[asyncio.Task[None]] = set()
        self._said: dict[str, float] = {}  # sentence -> when it last held

    def start(self) -> None:
        """Look once, and say what is wrong from the start."""
        self._run(self._look_first())

    def close(self) -> None:
        """Stop looking."""
        for task in self._tasks:
            task.cancel()

    def take(self, swarm: JoinedSwarm, error: Any, file: str = "") -> bool:
        """Wait until the disk works; return whether there is hope that it will.

        ``error`` is libtorrent's, ``file`` what could not be used.
        """
        if swarm.handle is None:
            return False
        if swarm.disk_trouble:
            return True
        folder = Path(self._disk.folder_of(swarm.infohash))
        guess = described(error.value(), alerts.reason_of(error), folder)
        swarm.disk_trouble = guess.sentence
        swarm.handle.set_flags(lt.torrent_flags.upload_mode)
        self._run(self._wait(swarm, guess, folder, file))
        return True

    def just_over(self, swarm: JoinedSwarm) -> bool:
        """Return whether a report of an error may be older than the recovery."""
        return self._members.loop.time() - swarm.recovered_at < CHECK_EVERY_S

    async def _look_first(self) -> None:
        if trouble := await self._thread.run(self._disk.trouble):
            self._log(trouble.sentence)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._members.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wait(
        self, swarm: JoinedSwarm, guess: Trouble, folder: Path, file: str
    ) -> None:
        """Look again and again; ends with the trouble, or when the swarm leaves."""
        await asyncio.sleep(SETTLE_S)
        if swarm.checked:
            self._holding.ask(swarm)  # pieces whose writes failed are not held
        room = self._room_for(swarm)
        found = await self._look(folder, room, file)
        self._count(swarm, found or guess, is_known=found is not None)
        trouble: Trouble | None = found or guess
        is_new = is_away = False
        while trouble and not (swarm.leaving or swarm.broken):
            is_new |= self._say(swarm, trouble)
            is_away |= trouble.away
            await asyncio.sleep(CHECK_EVERY_S)
            trouble = await self._look(folder, room, file)
        if not (swarm.leaving or swarm.broken):
            self._go_on(swarm, is_new=is_new, was_away=is_away)

    def _count(self, swarm: JoinedSwarm, trouble: Trouble, *, is_known: bool) -> None:
        """Give a swarm up whose writes fail for no reason that we find."""
        since = self._members.loop.time() - swarm.recovered_at
        if is_known or trouble.full or since >= RELAPSE_S:
            swarm.relapses = 0
            return
        swarm.relapses += 1
        if swarm.relapses > MOST_RELAPSES:
            swarm.broken = True
            event = SwarmBroke(swarm.infohash, trouble.sentence, storage=True)
            self._members.emit(event)

    async def _look(self, folder: Path, room: int, file: str) -> Trouble | None:
        """Blame the whole folder of torrents if that has the same trouble."""
        return await self._thread.run(_trouble_of, folder, room, file)

    def _room_for(self, swarm: JoinedSwarm) -> int:
        piece_length = swarm.hashes.table.piece_length if swarm.hashes else 0
        return max(LEAST_ROOM, ROOM_PIECES * piece_length)

    def _say(self, swarm: JoinedSwarm, trouble: Trouble) -> bool:
        swarm.disk_trouble = trouble.sentence
        event = DiskTrouble(swarm.infohash, trouble.sentence, trouble.full)
        self._members.emit(event)
        return self._log(trouble.sentence)

    def _log(self, sentence: str) -> bool:
        """Log a sentence, unless it held a moment ago; return whether it is new."""
        now = self._members.loop.time()
        is_new = now - self._said.get(sentence, -RELAPSE_S) >= RELAPSE_S
        self._said[sentence] = now
        if is_new:
            logger.warning(
                "Vozduxan: %s. What is held plays on, and the rest waits", sentence
            )
        return is_new

    def _go_on(self, swarm: JoinedSwarm, *, is_new: bool, was_away: bool) -> None:
        swarm.disk_trouble = ""
        swarm.recovered_at = self._members.loop.time()
        if is_new:
            logger.info("Vozduxan: The disk works again; “%s” goes on", swarm.name)
        swarm.go_on()
        if swarm.checked:
            self._holding.ask(swarm)
        if was_away:
            swarm.damage.doubt()  # joining again finds what is on the disk
        # libtorrent takes some for held although their writes failed (2.1.1).
        self._verifier.suspect(swarm, set(swarm.lately))
        self._members.emit(DiskTrouble(swarm.infohash, ""))


def _trouble_of(folder: Path, room: int, file: str) -> Trouble | None:
    above = trouble_of(folder.parent, room)
    return above or trouble_of(folder, 0, file)
