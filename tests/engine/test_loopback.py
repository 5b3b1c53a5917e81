"""Small swarms on loopback: seeds in processes of their own, libtorrent as it comes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mopidy_vozduxan.engine.parsing import read_torrent
from mopidy_vozduxan.engine.protocol import (
    MetadataReceived,
    PieceFinished,
    PieceRead,
    PiecesHeld,
    StatisticsChanged,
)
from mopidy_vozduxan.planning.plan import Changes, Urgency
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.engine.conftest import (
    LOOPBACK,
    Album,
    Rig,
    Seeds,
    Tracker,
    make_album,
    on_loop,
    plan_of,
)

VERSIONS = ["v1", "hybrid", "v2"]


def read_all_finished(rig: Rig) -> None:
    """Ask for each piece the moment it is finished."""

    def ask(event: object) -> None:
        if isinstance(event, PieceFinished):
            rig.engine.read_piece(event.infohash, event.piece)

    rig.on_event = ask


def everything(album: Album) -> dict[int, Urgency]:
    return dict.fromkeys(range(album.piece_count), Urgency.SOON)


@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_a_torrent_arrives_right(
    tmp_path: Path, version: str, tracker: Tracker, seeds: Seeds
) -> None:
    album = make_album(
        tmp_path, [300_000, 200_001], version=version, tracker=tracker.url
    )
    tracker.peers = seeds.start(album)
    async with Rig(tmp_path, LOOPBACK) as rig:
        read_all_finished(rig)
        rig.engine.watch(frozenset([album.infohash]), waiting=True)
        rig.engine.add(album.source, plan_of(album, everything(album)))
        await rig.until(lambda: len(rig.all(PieceRead)) == album.piece_count)
        for read in rig.all(PieceRead):
            assert read.data == album.piece(read.piece)
        await rig.until(
            lambda: any(
                e.statistics.payload >= 500_000 for e in rig.all(StatisticsChanged)
            )
        )


@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_a_magnet_gives_metadata_and_no_payload_until_it_is_wanted(
    tmp_path: Path, version: str, seeds: Seeds
) -> None:
    album = make_album(tmp_path, [300_000, 200_001], version=version)
    peers = seeds.start(album)
    async with Rig(tmp_path, LOOPBACK) as rig:
        read_all_finished(rig)
        rig.engine.watch(frozenset([album.infohash]), waiting=True)
        rig.engine.add(album.magnet(*peers), None)
        received = await rig.next(MetadataReceived)
        assert received.infohash == received.metainfo.infohash == album.infohash
        assert received.metainfo == read_torrent(album.torrent)
        assert read_torrent(received.torrent) == received.metainfo
        await rig.next(PiecesHeld)
        await rig.until(
            lambda: any(e.statistics.num_peers for e in rig.all(StatisticsChanged))
        )
        assert not rig.all(PieceFinished)
        assert rig.all(StatisticsChanged)[-1].statistics.payload == 0
        urgencies = tuple((n, Urgency.SOON) for n in range(album.piece_count))
        rig.engine.apply(album.infohash, Changes(urgencies))
        await rig.until(lambda: len(rig.all(PieceRead)) == album.piece_count)
        for read in rig.all(PieceRead):
            assert read.data == album.piece(read.piece)


@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_the_torrent_a_magnet_gave_can_be_joined_by_itself(
    tmp_path: Path, version: str, tracker: Tracker, seeds: Seeds
) -> None:
    album = make_album(tmp_path, [300_000, 200_001], version=version)
    tracker.peers = seeds.start(album)
    magnet = album.magnet().magnet
    magnet = f"{magnet}&tr={tracker.url}&ws=http://127.0.0.1:9/"
    async with Rig(tmp_path / "first", LOOPBACK) as rig:
        rig.engine.add(TorrentSource(album.infohash, magnet=magnet), None)
        torrent = (await rig.next(MetadataReceived)).torrent
    assert b"http://127.0.0.1:9/" in torrent
    async with Rig(tmp_path / "second", LOOPBACK) as rig:
        read_all_finished(rig)
        source = TorrentSource(album.infohash, torrent=torrent)
        rig.engine.add(source, plan_of(album, everything(album)))
        await rig.until(lambda: len(rig.all(PieceRead)) == album.piece_count)


@on_loop
async def test_only_what_the_plan_wants_is_fetched(
    tmp_path: Path, tracker: Tracker, seeds: Seeds
) -> None:
    album = make_album(tmp_path, [4_000_000], tracker=tracker.url)
    tracker.peers = seeds.start(album)
    wanted = {17: Urgency.NOW, 40: Urgency.SOON, 41: Urgency.IDLE}
    async with Rig(tmp_path, LOOPBACK) as rig:
        rig.engine.add(album.source, plan_of(album, wanted))
        await rig.until(lambda: len(rig.all(PieceFinished)) == len(wanted))
        urgencies = ((100, Urgency.LATER), (101, Urgency.LATER))
        rig.engine.apply(album.infohash, Changes(urgencies))
        await rig.until(lambda: len(rig.all(PieceFinished)) == len(wanted) + 2)
        assert {f.piece for f in rig.all(PieceFinished)} == {*wanted, 100, 101}


@on_loop
async def test_the_pieces_of_a_file_lie_in_that_file(
    tmp_path: Path, tracker: Tracker, seeds: Seeds
) -> None:
    """Unwanted files' pieces would go to a part file: no priority is a file's."""
    album = make_album(tmp_path, [16384 * 4, 16384 * 4], tracker=tracker.url)
    tracker.peers = seeds.start(album)
    async with Rig(tmp_path, LOOPBACK) as rig:
        wanted = dict.fromkeys(range(4), Urgency.SOON)
        rig.engine.add(album.source, plan_of(album, wanted))
        await rig.until(lambda: len(rig.all(PieceFinished)) == 4)
    stored = tmp_path / "data" / album.infohash / "album" / "01 track.bin"
    assert stored.read_bytes() == album.content[: 16384 * 4]


@on_loop
async def test_a_second_stay_remembers_the_pieces_of_the_first(
    tmp_path: Path, tracker: Tracker, seeds: Seeds
) -> None:
    album = make_album(tmp_path, [1_000_000], tracker=tracker.url)
    tracker.peers = seeds.start(album)
    half = dict.fromkeys(range(album.piece_count // 2), Urgency.SOON)
    async with Rig(tmp_path, LOOPBACK) as rig:
        rig.engine.add(album.source, plan_of(album, half))
        await rig.until(lambda: len(rig.all(PieceFinished)) == len(half))
        before = len(rig.events)
        rig.engine.remove(album.infohash)
        rig.engine.add(album.source, plan_of(album, everything(album)))
        held = await rig.next(PiecesHeld, after=before)
        assert held.held >= set(half)  # it may be at work again already
        await rig.until(lambda: len(rig.all(PieceFinished)) >= album.piece_count)
        finished = [f.piece for f in rig.all(PieceFinished)]
        assert sorted(finished) == list(range(album.piece_count))


@pytest.mark.parametrize("empty_plan", [True, False])
@on_loop
async def test_nobody_is_met_before_something_is_wanted(
    tmp_path: Path, empty_plan: bool, tracker: Tracker, seeds: Seeds
) -> None:
    """A peer that sees us as finished hangs up and is not called again."""
    album = make_album(tmp_path, [1_000_000], tracker=tracker.url)
    tracker.peers = seeds.start(album)
    async with Rig(tmp_path, LOOPBACK) as rig:
        rig.engine.add(album.source, plan_of(album, {}) if empty_plan else None)
        await rig.next(PiecesHeld)
        rig.engine.watch(frozenset([album.infohash]), waiting=True)
        await rig.next(StatisticsChanged)
        assert not any(e.statistics.num_peers for e in rig.all(StatisticsChanged))
        rig.engine.apply(album.infohash, Changes(((7, Urgency.NOW),), (7,), True))
        await rig.next(PieceFinished, piece=7)


@on_loop
async def test_trackers_are_asked_whenever_peers_are_looked_for(
    tmp_path: Path, tracker: Tracker, seeds: Seeds
) -> None:
    album = make_album(tmp_path, [100_000], tracker=tracker.url)
    async with Rig(tmp_path, LOOPBACK) as rig:
        rig.engine.watch(frozenset([album.infohash]), waiting=True)
        rig.engine.add(album.source, plan_of(album, {0: Urgency.LATER}))
        # Nobody is there: the tracker says to come again in half an hour.
        assert await asyncio.to_thread(tracker.announced.wait, 20)
        await rig.next(PiecesHeld)
        tracker.peers = seeds.start(album)
        rig.engine.meet(album.infohash)
        await rig.next(PieceFinished, piece=0)
