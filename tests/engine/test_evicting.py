"""Files leave the disk one by one, and no peer is told that we still have them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine.evicting import Eviction, drop
from mopidy_vozduxan.engine.protocol import (
    PieceFinished,
    PieceRead,
    PiecesHeld,
    PieceUnreadable,
)
from mopidy_vozduxan.exceptions import BadInput, StorageFailed
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.torrent.metainfo import TorrentSource
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
from tests.rig.disks import needs_root, small_disk

#: In v1 the first two share a piece, and so do the last two.
SIZES = [100_000, 100_000, 100_000]
FIRST, SECOND, THIRD = range(6), range(7, 12), range(13, 19)


def files(folder: Path) -> dict[str, bytes]:
    paths = sorted((folder / "data").rglob("*.bin"))
    return {path.name[:2]: path.read_bytes() for path in paths}


def taken(folder: Path) -> int:
    paths = (folder / "data").rglob("*.bin")
    return sum(path.stat().st_blocks * 512 for path in paths)


def saved(folder: Path, album: Album) -> set[int]:
    resume = folder / "resume" / f"{album.infohash}.resume"
    params = lt.read_resume_data(resume.read_bytes())
    return {piece for piece, there in enumerate(params.have_pieces) if there}


def indexes(album: Album) -> list[int]:
    layout = (
        album.info.layout() if hasattr(album.info, "layout") else album.info.files()
    )
    pad = layout.flag_pad_file
    every = range(layout.num_files())
    return [i for i in every if not int(layout.file_flags(i)) & pad]


async def evict(
    rig: Rig, album: Album, *numbers: int, spared: frozenset[int] = frozenset()
) -> None:
    real = indexes(album)
    gone = frozenset(real[number] for number in numbers)
    kept = frozenset(real[number] for number in spared)
    ending = rig.engine.evict(album.source, gone, kept)
    await asyncio.wait_for(ending, TIMEOUT_S)


async def held_again(rig: Rig, album: Album) -> set[int]:
    before = len(rig.events)
    rig.engine.add(album.source, plan_of(album, {0: Urgency.NOW}))
    return set((await rig.next(PiecesHeld, after=before)).held)


@pytest.mark.parametrize("is_joined", [True, False])
@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_a_file_goes_and_its_neighbours_keep_every_byte(
    tmp_path: Path, version: str, is_joined: bool
) -> None:
    album = make_album(tmp_path, SIZES, version=version)
    everything = set(range(album.piece_count))
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, *everything)
        if not is_joined:
            await rig.engine.remove(album.infohash)
        await evict(rig, album, 1)
        assert taken(tmp_path) <= 200_000 + 2 * 16384 + 4 * 4096
        missing = everything - saved(tmp_path, album)
        assert missing >= set(range(7, 11))
        assert await held_again(rig, album) == everything - missing
        for piece in everything - missing:
            rig.engine.read_piece(album.infohash, piece)
            read = await rig.next(PieceRead, piece=piece)
            assert read.data == album.piece(piece)
        assert not rig.all(PieceUnreadable)
    there = files(tmp_path)
    assert there["01"] == (tmp_path / "album" / "01 track.bin").read_bytes()
    assert there["03"] == (tmp_path / "album" / "03 track.bin").read_bytes()


@on_loop
async def test_what_only_evicted_files_shared_goes_with_the_last(
    tmp_path: Path,
) -> None:
    album = make_album(tmp_path, SIZES)
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, *range(album.piece_count))
        await evict(rig, album, 1)
        assert set(files(tmp_path)) == {"01", "02", "03"}
        await evict(rig, album, 0)
        assert set(files(tmp_path)) == {"02", "03"}  # the last piece of 02 is 03's
        await evict(rig, album, 2)
        assert files(tmp_path) == {}
        assert saved(tmp_path, album) == set()
        assert not (tmp_path / "data" / album.infohash).exists()


@on_loop
async def test_a_file_that_is_spared_loses_no_piece(tmp_path: Path) -> None:
    """The next track has its first piece only, and shares it with one that goes."""
    album = make_album(tmp_path, SIZES)
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, *range(7))
        await evict(rig, album, 0, spared=frozenset({1}))
        assert await held_again(rig, album) == {6}
        await evict(rig, album, 0)
        assert await held_again(rig, album) == set()


@on_loop
async def test_no_peer_is_told_of_what_is_gone(tmp_path: Path, seeds: Seeds) -> None:
    """Another libtorrent sees what we say that we have, before and after."""
    album = make_album(tmp_path, SIZES)
    everything = frozenset(range(album.piece_count))
    peer = lt.session({**LOOPBACK, "listen_interfaces": "127.0.0.9:0"})
    params = lt.load_torrent_buffer(album.torrent)
    params.save_path = str(tmp_path / "peer")
    params.download_limit = 1000  # interested for long
    other = peer.add_torrent(params)
    while not peer.listen_port():
        await asyncio.sleep(0.01)

    def claims() -> set[int]:
        """Return what our side tells the peer that it has."""
        known = [peer.pieces for peer in other.get_peer_info()]
        return {piece for have in known for piece, there in enumerate(have) if there}

    async def told() -> set[int]:
        async with asyncio.timeout(TIMEOUT_S):
            while not claims():
                await asyncio.sleep(0.02)
        return claims()

    source = TorrentSource(
        album.infohash,
        album.torrent,
        album.magnet(("127.0.0.9", peer.listen_port())).magnet,
    )
    async with Rig(
        tmp_path, {**LOOPBACK, "allow_multiple_connections_per_ip": True}
    ) as rig:
        await joined(rig, album, *sorted(everything - {18}))
        rig.engine.add(source, None)
        assert await told() >= everything - {18}
        await evict(rig, album, 1)
        gone = everything - saved(tmp_path, album)
        assert set(range(7, 11)) < gone
        while claims():
            await asyncio.sleep(0.02)
        before = len(rig.events)
        rig.engine.add(source, plan_of(album, {18: Urgency.NOW}))
        await rig.next(PiecesHeld, after=before)
        assert await told() == everything - gone


@on_loop
async def test_what_is_gone_comes_again_from_the_swarm(
    tmp_path: Path, seeds: Seeds
) -> None:
    album = make_album(tmp_path / "seed", SIZES)
    peers = seeds.start(album, 1)
    source = TorrentSource(album.infohash, album.torrent, album.magnet(*peers).magnet)
    everything = range(album.piece_count)
    plan = plan_of(album, dict.fromkeys(everything, Urgency.IDLE))
    async with Rig(tmp_path, LOOPBACK) as rig:
        rig.engine.watch(frozenset([album.infohash]), waiting=True)
        for _ in range(3):
            before = len(rig.events)
            rig.engine.add(source, plan)
            held = (await rig.next(PiecesHeld, after=before)).held
            for piece in set(everything) - held:
                await rig.next(PieceFinished, after=before, piece=piece)
            ending = rig.engine.evict(source, frozenset({1}), frozenset())
            await asyncio.wait_for(ending, TIMEOUT_S)
            assert set(range(7, 11)).isdisjoint(saved(tmp_path, album))


@on_loop
async def test_a_swarm_that_is_asked_back_meanwhile_comes_back(tmp_path: Path) -> None:
    album = make_album(tmp_path, SIZES)
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, *range(album.piece_count))
        ending = rig.engine.evict(album.source, frozenset({1}), frozenset())
        held = await held_again(rig, album)
        assert ending.done()
        assert not held & set(range(7, 11))


@on_loop
async def test_a_removal_with_the_data_outranks_an_eviction(tmp_path: Path) -> None:
    album = make_album(tmp_path, SIZES)
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, *range(album.piece_count))
        rig.engine.evict(album.source, frozenset({1}), frozenset())
        await rig.engine.remove(album.infohash, delete_data=True)
        assert list((tmp_path / "data").iterdir()) == []
        assert list((tmp_path / "resume").iterdir()) == []


@on_loop
async def test_links_are_not_followed(tmp_path: Path) -> None:
    album = make_album(tmp_path, SIZES)
    outside = tmp_path / "outside"
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, *range(album.piece_count))
        await rig.engine.remove(album.infohash)
        (tmp_path / "data" / album.infohash / "album").rename(outside)
        (tmp_path / "data" / album.infohash / "album").symlink_to(outside)
        await evict(rig, album, 0, 1, 2)
    assert len(list(outside.iterdir())) == 3


@on_loop
async def test_without_its_torrent_nothing_is_evicted(tmp_path: Path) -> None:
    album = make_album(tmp_path, SIZES)
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, *range(album.piece_count))
        await rig.engine.remove(album.infohash)
        with pytest.raises(BadInput):
            await rig.engine.evict(
                TorrentSource(album.infohash), frozenset({1}), frozenset()
            )
        assert len(await held_again(rig, album)) == album.piece_count


def test_bytes_of_a_held_piece_stay_though_the_saved_state_lacks_it(
    tmp_path: Path,
) -> None:
    """On a busy disk libtorrent may name nothing, though it was asked often."""
    album = make_album(tmp_path, SIZES)
    eviction = Eviction(frozenset({0}), spared=frozenset({1}))
    cut = drop(lt.add_torrent_params(), album.info, eviction, set(range(7)))
    assert 6 not in cut.dropped
    assert cut.rests[0] == [Span(6 * 16384, SIZES[0])]


@needs_root
@pytest.mark.parametrize("is_joined", [True, False])
@on_loop
async def test_nothing_that_is_gone_is_claimed_though_the_state_cannot_be_written(
    tmp_path: Path, is_joined: bool
) -> None:
    album = make_album(tmp_path, SIZES)
    with small_disk(tmp_path / "resume", 2**20) as disk:
        async with Rig(tmp_path, OFFLINE) as rig:
            await joined(rig, album, *range(album.piece_count))
            if not is_joined:
                await rig.engine.remove(album.infohash)
            else:  # a state is on disk
                await rig.engine.remove(album.infohash)
                await joined(rig, album)
            disk.fill()
            await evict(rig, album, 1)
            assert taken(tmp_path) < sum(SIZES) - 50_000
            resume = tmp_path / "resume" / f"{album.infohash}.resume"
            assert not resume.exists() or not saved(tmp_path, album) & {*range(7, 11)}
            assert not await held_again(rig, album) & {*range(7, 11)}


@needs_root
@on_loop
async def test_nothing_goes_while_the_state_claims_it(tmp_path: Path) -> None:
    album = make_album(tmp_path, SIZES)
    with small_disk(tmp_path / "resume", 2**20) as disk:
        async with Rig(tmp_path, OFFLINE) as rig:
            await joined(rig, album, *range(album.piece_count))
            await rig.engine.remove(album.infohash)
            disk.read_only()
            with pytest.raises(StorageFailed):
                await evict(rig, album, 1)
            assert taken(tmp_path) >= sum(SIZES)
            disk.read_only(False)
            await evict(rig, album, 1)
            assert taken(tmp_path) < sum(SIZES) - 50_000
