"""Pictures out of swarms: each once, for as long as somebody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mopidy_vozduxan.covers.covers import Covers
from mopidy_vozduxan.covers.kept_pictures import KeptPictures, PictureName
from mopidy_vozduxan.covers.picture_fetching import FAILED_S, PictureFetcher
from mopidy_vozduxan.exceptions import (
    Cancelled,
    NoSuchPicture,
    ShuttingDown,
    Stalled,
    VozduxanError,
)
from mopidy_vozduxan.streaming.target import Target
from tests.covers.pictures import picture
from tests.metainfos import MB, metainfo, source_of

ALBUM = metainfo("Album", {"01.flac": MB, "cover.jpg": 30_000, "scan.png": 40 * MB})
COVER = PictureName(ALBUM.infohash, 1)
DATA = picture()


class FakeCatalog:
    def __init__(self):
        self.torrents = self.on_loop = self
        self.run = asyncio.to_thread

    def metainfo(self, infohash):
        return ALBUM if infohash == ALBUM.infohash else None

    def source(self, infohash):
        return source_of(ALBUM) if infohash == ALBUM.infohash else None


class Rig:
    """A fetcher over a swarm that answers when the test says so."""

    def __init__(self, folder) -> None:
        self.now = 100.0
        self.kept = KeptPictures(folder)
        self.covers = Covers(FakeCatalog(), self.kept)
        self.reads: list[Target] = []
        self.answer: bytes | VozduxanError = DATA
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.cancelled = asyncio.Event()
        self.fetcher = PictureFetcher(
            FakeCatalog(),
            self.covers,
            self.kept,
            self.read_file,
            lambda: self.now,
        )

    async def read_file(self, target: Target, limit: int) -> bytes:
        self.reads.append(target)
        self.asked.set()
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        if isinstance(self.answer, VozduxanError):
            raise self.answer
        return self.answer


@pytest.fixture
def run(tmp_path) -> Callable[[Callable[[Rig], Awaitable[None]]], None]:
    """Run a scene on a loop of its own."""

    def play(scene: Callable[[Rig], Awaitable[None]]) -> None:
        async def within_bounds() -> None:
            async with asyncio.timeout(20):
                await scene(Rig(tmp_path))

        asyncio.run(within_bounds())

    return play


def test_a_picture_is_read_once_and_kept(run):
    async def scene(rig: Rig) -> None:
        assert (await rig.fetcher.get(COVER)).data == DATA
        assert (await rig.fetcher.get(COVER)).data == DATA
        (target,) = rig.reads
        assert (target.source, target.index) == (source_of(ALBUM), 1)

    run(scene)


def test_what_was_kept_needs_no_swarm(run, tmp_path):
    async def before(rig: Rig) -> None:
        await rig.fetcher.get(COVER)

    async def after(rig: Rig) -> None:
        assert (await rig.fetcher.get(COVER)).data == DATA
        assert rig.reads == []

    run(before)
    run(after)


def test_all_who_ask_at_once_wait_for_one_read(run):
    async def scene(rig: Rig) -> None:
        rig.may_answer.clear()
        waits = [asyncio.create_task(rig.fetcher.get(COVER)) for _ in range(5)]
        await rig.asked.wait()
        waits[0].cancel()
        rig.may_answer.set()
        found = await asyncio.gather(*waits[1:])
        assert [one.data for one in found] == [DATA] * 4
        assert len(rig.reads) == 1

    run(scene)


def test_the_read_ends_with_the_last_who_waits(run):
    async def scene(rig: Rig) -> None:
        rig.may_answer.clear()
        waits = [asyncio.create_task(rig.fetcher.get(COVER)) for _ in range(2)]
        await rig.asked.wait()
        for wait in waits:
            wait.cancel()
        await rig.cancelled.wait()
        rig.may_answer.set()
        assert (await rig.fetcher.get(COVER)).data == DATA

    run(scene)


@pytest.mark.parametrize(
    "name",
    [
        PictureName(ALBUM.infohash, 0),  # a track
        PictureName(ALBUM.infohash, 2),  # too large
        PictureName(ALBUM.infohash, 3),
        PictureName(ALBUM.infohash, 0, embedded=True),
        PictureName("0" * 40, 0),  # nothing that we have
    ],
)
def test_no_swarm_is_asked_for_what_is_no_picture_of_the_catalog(run, name):
    async def scene(rig: Rig) -> None:
        with pytest.raises(NoSuchPicture):
            await rig.fetcher.get(name)
        assert rig.reads == []

    run(scene)


def test_what_is_no_picture_is_refused_and_not_kept(run):
    async def scene(rig: Rig) -> None:
        rig.answer = b"<html><script>alert(1)</script>"
        with pytest.raises(NoSuchPicture):
            await rig.fetcher.get(COVER)
        uri = f"vozduxan:album:{ALBUM.infohash}"
        assert rig.covers.urls([uri]) == {uri: []}
        assert rig.kept.get(COVER) is None

    run(scene)


def test_a_dead_swarm_is_not_asked_again_for_a_minute(run):
    async def scene(rig: Rig) -> None:
        rig.answer = Stalled("Nobody sends.")
        for _ in range(3):
            with pytest.raises(Stalled):
                await rig.fetcher.get(COVER)
        assert len(rig.reads) == 1
        rig.now += FAILED_S
        rig.answer = DATA
        assert (await rig.fetcher.get(COVER)).data == DATA

    run(scene)


@pytest.mark.parametrize("error", [ShuttingDown("Bye."), Cancelled("Left.")])
def test_what_says_nothing_of_the_swarm_is_not_remembered(run, error):
    async def scene(rig: Rig) -> None:
        rig.answer = error
        with pytest.raises(type(error)):
            await rig.fetcher.get(COVER)
        rig.answer = DATA
        assert (await rig.fetcher.get(COVER)).data == DATA

    run(scene)


def test_an_embedded_picture_stands_in_for_one_that_does_not_come(run):
    async def scene(rig: Rig) -> None:
        assert await rig.fetcher.stand_in(COVER) is None
        await asyncio.to_thread(rig.covers.keep_embedded, ALBUM.infohash, 0, DATA)
        other = await rig.fetcher.stand_in(COVER)
        assert other
        assert other.data == DATA

    run(scene)
