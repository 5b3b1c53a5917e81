"""Leaving with the state saved: when it is not whole, and when it cannot be had."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine import departures
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.protocol import PiecesHeld, PieceUnreadable
from tests.engine.conftest import OFFLINE, TIMEOUT_S, Album, Rig, make_album, on_loop
from tests.engine.steps import joined, put


def swarm_of(rig: Rig, album: Album) -> JoinedSwarm:
    return rig.engine._members.swarms[album.infohash]


async def left(rig: Rig, album: Album) -> None:
    """Have the swarm leave, its data kept, and wait until it has."""
    await asyncio.wait_for(rig.engine.remove(album.infohash), TIMEOUT_S)


async def held_again(rig: Rig, album: Album) -> frozenset[int]:
    before = len(rig.events)
    rig.engine.add(album.source, None)
    return (await rig.next(PiecesHeld, after=before)).held


@on_loop
async def test_a_state_that_never_gets_whole_is_tried_a_few_times(
    tmp_path: Path,
) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 1)
        swarm = swarm_of(rig, album)
        swarm.held.add(5)  # no state will ever name it
        await left(rig, album)
        assert swarm.farewell.tries == departures.FAREWELLS
        assert await held_again(rig, album) == {0, 1}


@on_loop
async def test_closing_saves_also_when_all_had_left_before(tmp_path: Path) -> None:
    """It took the earlier departure of the last swarm for that of all."""
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0)
        await left(rig, album)
        await held_again(rig, album)
        await put(rig, album, 1)
    async with Rig(tmp_path, OFFLINE) as rig:
        assert await held_again(rig, album) == {0, 1}


@on_loop
async def test_a_state_that_is_whole_is_asked_for_once(tmp_path: Path) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 1)
        await left(rig, album)
        assert await held_again(rig, album) == {0, 1}
        swarm = swarm_of(rig, album)
        await left(rig, album)
        assert swarm.farewell.tries == 1


def save_what_is_new(swarm: JoinedSwarm) -> None:
    """Ask for the state in a way that libtorrent refuses: nothing is new in it."""
    swarm.saves += 1
    swarm.handle.save_resume_data(lt.save_resume_flags_t.only_if_modified)


async def saved(rig: Rig, album: Album) -> JoinedSwarm:
    """Join and save: from here on nothing is new."""
    await joined(rig, album, 0, 1)
    await left(rig, album)
    await held_again(rig, album)
    swarm = swarm_of(rig, album)
    rig.engine._parts.saving.save(swarm)
    async with asyncio.timeout(TIMEOUT_S):
        while swarm.saves:
            await asyncio.sleep(0)
    return swarm


@on_loop
async def test_a_swarm_whose_state_cannot_be_saved_leaves_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await saved(rig, album)
        monkeypatch.setattr(rig.engine._parts.saving, "save", save_what_is_new)
        await left(rig, album)
        monkeypatch.undo()
        assert await held_again(rig, album) == {0, 1}


@on_loop
async def test_it_waits_for_every_answer_before_it_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        swarm = await saved(rig, album)
        not_saved, parting = rig.engine._parts.state._on_not_saved, []

        def save_twice(swarm: JoinedSwarm) -> None:
            save_what_is_new(swarm)
            save_what_is_new(swarm)

        def answer(alert: Any) -> None:
            not_saved(alert)
            parting.append(swarm.farewell.parting)

        handlers = rig.engine._pump._handlers
        monkeypatch.setitem(handlers, "save_resume_data_failed_alert", answer)
        monkeypatch.setattr(rig.engine._parts.saving, "save", save_twice)
        await left(rig, album)
        # libtorrent says by itself that it has flushed a torrent that is finished. If
        # that comes now, the state is asked for once more.
        assert len(parting) >= 2
        assert parting == [False] * (len(parting) - 1) + [True]


@on_loop
async def test_a_piece_whose_hash_cannot_be_had_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only libtorrent knows the hashes of a magnet's v2 pieces: its state has them."""
    album = make_album(tmp_path, [100_000, 50_000], version="v2")
    async with Rig(tmp_path, OFFLINE) as rig:
        swarm = await saved(rig, album)
        swarm.hashes = None
        monkeypatch.setattr(rig.engine._parts.saving, "save", save_what_is_new)
        rig.engine.read_piece(album.infohash, 1)
        refused = await rig.next(PieceUnreadable)
        assert (refused.piece, refused.reason) == (1, "its hash is not known")
        assert not swarm.saves
