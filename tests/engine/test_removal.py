"""Leaving for good: nothing is left on disk, and nothing else is touched."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from mopidy_vozduxan.engine.protocol import (
    EventsLost,
    MetadataReceived,
    PieceFinished,
    PiecesHeld,
)
from mopidy_vozduxan.planning.plan import Changes, Urgency
from tests.engine.conftest import (
    LOOPBACK,
    OFFLINE,
    TIMEOUT_S,
    Album,
    Rig,
    Seeds,
    make_album,
    on_loop,
    plan_of,
)
from tests.engine.steps import VERSIONS, joined
from tests.engine.test_loopback import everything


def left_on_disk(folder: Path) -> list[Path]:
    """What is below the folders of the engine."""
    return [p for where in ("data", "resume") for p in (folder / where).rglob("*")]


async def gone(rig: Rig, album: Album, delete_data: bool = True) -> None:
    """Remove an album, and wait until that is done."""
    removal = rig.engine.remove(album.infohash, delete_data=delete_data)
    await asyncio.wait_for(removal, TIMEOUT_S)


@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_nothing_is_left_of_a_swarm_that_was_joined(
    tmp_path: Path, version: str
) -> None:
    album = make_album(tmp_path, [100_000, 50_000], version=version)
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 2, 7)
        await gone(rig, album)
        assert left_on_disk(tmp_path) == []


@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_nothing_is_left_of_a_swarm_that_is_not_joined(
    tmp_path: Path, version: str
) -> None:
    album = make_album(tmp_path, [100_000, 50_000], version=version)
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 2)
    assert left_on_disk(tmp_path)
    async with Rig(tmp_path, OFFLINE) as rig:
        await gone(rig, album)
        assert left_on_disk(tmp_path) == []
        await joined(rig, album)
        assert [e.held for e in rig.all(PiecesHeld)] == [frozenset()]


@on_loop
async def test_who_joins_while_it_is_deleted_starts_from_nothing(
    tmp_path: Path,
) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 1)
    async with Rig(tmp_path, OFFLINE) as rig:
        removal = rig.engine.remove(album.infohash, delete_data=True)
        rig.engine.add(album.source, plan_of(album, {0: Urgency.NOW}))
        assert not removal.done()
        assert (await rig.next(PiecesHeld)).held == set()
        assert removal.done()


@on_loop
async def test_without_its_data_it_resumes(tmp_path: Path) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 1)
        await gone(rig, album, delete_data=False)
        await gone(rig, album, delete_data=False)  # not there any more
        before = len(rig.events)
        rig.engine.add(album.source, None)
        assert (await rig.next(PiecesHeld, after=before)).held == {0, 1}


@on_loop
async def test_data_goes_too_when_that_is_asked_while_it_leaves(tmp_path: Path) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 1)
        keeping = rig.engine.remove(album.infohash)
        await gone(rig, album)
        assert keeping.done()
        assert left_on_disk(tmp_path) == []


@on_loop
async def test_a_state_that_is_being_saved_takes_no_second_leave(
    tmp_path: Path,
) -> None:
    """It was answered while links were cut, and libtorrent told twice to delete."""
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 1)
        parts = rig.engine._parts
        swarm = parts.members.swarms[album.infohash]
        parts.saving.save(swarm)
        cut, go_on = asyncio.Event(), threading.Event()
        told, delete = [], parts.departures._delete
        parts.departures._delete = lambda *given: (told.append(given), delete(*given))

        def wait_first(infohash: str) -> None:
            rig.loop.call_soon_threadsafe(cut.set)
            go_on.wait(TIMEOUT_S)

        rig.engine._disk.cut_links = wait_first
        removal = rig.engine.remove(album.infohash, delete_data=True)
        await cut.wait()
        async with asyncio.timeout(TIMEOUT_S):
            while swarm.saves:
                await asyncio.sleep(0.01)
        go_on.set()
        await asyncio.wait_for(removal, TIMEOUT_S)
        assert left_on_disk(tmp_path) == []
    assert len(told) == 1


@pytest.mark.parametrize("is_joined", [True, False])
@on_loop
async def test_links_in_the_cache_lead_nowhere(tmp_path: Path, is_joined: bool) -> None:
    """A listener may have moved a folder to another disk, and linked it here."""
    album = make_album(tmp_path, [100_000])
    outside = tmp_path / "outside"
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, *range(album.piece_count))
    (tmp_path / "data" / album.infohash / "album").rename(outside)
    (tmp_path / "data" / album.infohash / "album").symlink_to(outside)
    async with Rig(tmp_path, OFFLINE) as rig:
        if is_joined:
            await joined(rig, album)
        await gone(rig, album)
        assert left_on_disk(tmp_path) == []
    assert (outside / "01 track.bin").stat().st_size == 100_000


@on_loop
async def test_a_magnet_without_metadata_leaves(tmp_path: Path) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.magnet(), None)
        await gone(rig, album)
        assert left_on_disk(tmp_path) == []


@on_loop
async def test_lost_alerts_hold_up_no_removal(tmp_path: Path) -> None:
    album, other = (make_album(tmp_path, [size]) for size in (100_000, 110_000))
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0)
        removals = [
            rig.engine.remove(a.infohash, delete_data=True) for a in (album, other)
        ]
        rig.engine._parts.dropped.on_dropped(None)
        await rig.next(EventsLost)
        await asyncio.wait_for(asyncio.gather(*removals), TIMEOUT_S)
        assert left_on_disk(tmp_path) == []


@on_loop
async def test_closing_ends_who_waits_for_a_removal(tmp_path: Path) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0)
        removal = rig.engine.remove(album.infohash, delete_data=True)
    assert removal.done()


@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_a_swarm_that_delivers_is_stopped_and_can_be_fetched_anew(
    tmp_path: Path, version: str, seeds: Seeds
) -> None:
    album = make_album(tmp_path, [2_000_000, 1_000_000], version=version)
    magnet = album.magnet(*seeds.start(album))
    async with Rig(tmp_path, LOOPBACK) as rig:
        for _ in range(2):
            before = len(rig.events)
            rig.engine.watch(frozenset([album.infohash]), waiting=True)
            rig.engine.add(magnet, None)
            await rig.next(MetadataReceived, after=before)
            held = await rig.next(PiecesHeld, after=before)
            assert held.held == set()
            wanted = tuple(everything(album).items())
            rig.engine.apply(album.infohash, Changes(wanted))
            await rig.next(PieceFinished, after=before)
            await gone(rig, album)
            assert left_on_disk(tmp_path) == []
