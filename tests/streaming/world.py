"""A manager on its own, with an engine that delivers when the test says so."""

import asyncio

from mopidy_vozduxan.streaming.limits import Limits
from mopidy_vozduxan.streaming.manager import Manager
from mopidy_vozduxan.streaming.target import Target
from tests.fake_engine import FakeEngine, album, payload, source_of

ALBUM = album()
SOURCE = source_of(ALBUM)
BYTES = payload(ALBUM)


class World:
    """A manager, its engine, a clock that the test moves, and what was told."""

    def __init__(self, *metainfos, heard=lambda *_: None, **limits):
        self.now = 1000.0
        self.failed = []
        self.learned = []
        self.engine = FakeEngine(*(metainfos or (ALBUM,)))
        self.manager = Manager(
            self.engine,
            Limits(**limits),
            lambda: self.now,
            lambda token, uri, reason: self.failed.append((token, uri, reason)),
            self.learned.append,
            heard,
        )
        self.engine.start(asyncio.get_running_loop(), self.manager.on_event)

    def play(self, index=0, metainfo=ALBUM, *, asked=True):
        target = Target(SOURCE, metainfo, index)
        return self.manager.play(target, f"track:{index}", asked=asked)

    def read(self, token, start=0, stop=None, *, player=True):
        stop = self.manager.serving.known(token).size if stop is None else stop
        return self.manager.serving.open_reader(token, start, stop, player=player)

    async def settle(self):
        for _ in range(10):
            await asyncio.sleep(0)

    async def later(self, seconds):
        """Let time pass, with a tick of the supervision for every second."""
        for _ in range(int(seconds)):
            self.now += 1
            self.manager._supervisor.tick()
            await self.settle()


async def read_all(reader):
    parts = []
    while (part := await reader.next()) is not None:
        parts.append(bytes(part))
    return b"".join(parts)
