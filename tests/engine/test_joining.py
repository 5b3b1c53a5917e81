"""Swarms join, also while or after they leave."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine.protocol import (
    PieceRead,
    PiecesHeld,
    SwarmBroke,
)
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.planning.plan import Changes, Urgency
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.engine.conftest import (
    OFFLINE,
    Rig,
    make_album,
    on_loop,
    plan_of,
)
from tests.engine.steps import joined, put


class Stopped:
    """A status of a torrent that libtorrent has stopped: a file was deleted."""

    def __init__(self, status: Any) -> None:
        self._status = status
        self.errc = lt.error_code(errno.ENOENT, lt.system_category())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._status, name)


@on_loop
async def test_a_status_of_an_earlier_stay_does_not_count(tmp_path: Path) -> None:
    """It came before the swarm had its new handle, and ended it for good."""
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0)
        handle = rig.engine._members.swarms[album.infohash].handle
        late = SimpleNamespace(status=[Stopped(handle.status())])
        await rig.engine.remove(album.infohash)
        before = len(rig.events)
        rig.engine.add(album.source, None)
        rig.engine._pump._handlers["state_update_alert"](late)
        assert (await rig.next(PiecesHeld, after=before)).held == {0}
        assert not rig.all(SwarmBroke)


@on_loop
async def test_rejoining_while_leaving_ends_joined(tmp_path: Path) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 1)
        for _ in range(3):
            before = len(rig.events)
            rig.engine.remove(album.infohash)
            rig.engine.add(album.source, plan_of(album, {2: Urgency.NOW}))
            held = await rig.next(PiecesHeld, after=before)
            assert held.held == {0, 1}
        rig.engine.read_piece(album.infohash, 1)
        assert (await rig.next(PieceRead)).data == album.piece(1)


@on_loop
async def test_what_is_asked_of_a_swarm_that_still_leaves_is_not_lost(
    tmp_path: Path,
) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0)
        before = len(rig.events)
        rig.engine.remove(album.infohash)
        rig.engine.add(album.source, plan_of(album, {2: Urgency.NOW}))
        rig.engine.apply(album.infohash, Changes(urgencies=((3, Urgency.SOON),)))
        rig.engine.add(album.magnet(), None)
        await rig.next(PiecesHeld, after=before)
        handle = rig.engine._members.swarms[album.infohash].handle
        assert handle.get_piece_priorities()[1:5] == [0, 7, 6, 0]


@on_loop
async def test_a_torrents_bytes_take_the_place_of_its_magnet_link(
    tmp_path: Path,
) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.magnet(), None)
        rig.engine.remove(album.infohash)
        rig.engine.add(album.source, plan_of(album, {2: Urgency.NOW}))
        await rig.next(PiecesHeld)
        await put(rig, album, 2)


@on_loop
async def test_rejoining_after_deleting_starts_from_nothing(tmp_path: Path) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, 0, 1)
        before = len(rig.events)
        rig.engine.remove(album.infohash, delete_data=True)
        rig.engine.add(album.source, None)
        assert (await rig.next(PiecesHeld, after=before)).held == set()
        assert not list(tmp_path.glob("data/**/*.bin"))


@on_loop
async def test_joining_and_leaving_in_one_breath_leaves(tmp_path: Path) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, None)
        rig.engine.remove(album.infohash)
        rig.engine.add(album.source, plan_of(album, {0: Urgency.NOW}))
        await rig.next(PiecesHeld)
        await put(rig, album, 0)


@on_loop
async def test_bad_input_is_refused_at_once(tmp_path: Path) -> None:
    async with Rig(tmp_path, OFFLINE) as rig:
        for source in [
            TorrentSource("f" * 40),
            TorrentSource("f" * 40, torrent=b"junk"),
            TorrentSource("f" * 40, magnet="magnet:?xt=urn:btih:junk"),
        ]:
            with pytest.raises(BadInput):
                rig.engine.add(source, None)
