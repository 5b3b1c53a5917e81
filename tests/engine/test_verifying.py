"""What is read back is checked: pieces put in by hand, files spoiled on disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine.hashes import PieceHashes
from mopidy_vozduxan.engine.protocol import (
    PieceRead,
    PiecesHeld,
    PiecesLost,
    PieceUnreadable,
    SwarmBroke,
)
from tests.engine.conftest import LOOPBACK, OFFLINE, Album, Rig, make_album, on_loop
from tests.engine.steps import joined

VERSIONS = ["v1", "hybrid", "v2"]


async def filled(rig: Rig, album: Album) -> None:
    """Join, hold all, and have all of it in the files."""
    await joined(rig, album, *range(album.piece_count))
    rig.engine.remove(album.infohash)
    await rejoined(rig, album)


async def rejoined(rig: Rig, album: Album) -> frozenset[int]:
    before = len(rig.events)
    rig.engine.add(album.source, None)
    return (await rig.next(PiecesHeld, after=before)).held


def files(folder: Path) -> list[Path]:
    return sorted((folder / "data").rglob("*.bin"))


def overwrite(path: Path, start: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * length)


@pytest.mark.parametrize("piece_length", [16 * 1024, 512 * 1024])
@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_one_wrong_byte_loses_one_piece(
    tmp_path: Path, version: str, piece_length: int
) -> None:
    album = make_album(tmp_path, [piece_length * 3 + 7, 5000], piece_length, version)
    async with Rig(tmp_path, OFFLINE) as rig:
        await filled(rig, album)
        overwrite(files(tmp_path)[0], piece_length + 1, 1)
        rig.engine.read_piece(album.infohash, 1)
        assert (await rig.next(PiecesLost)).pieces == {1}
        for piece in {*range(album.piece_count)} - {1}:
            rig.engine.read_piece(album.infohash, piece)
            assert (await rig.next(PieceRead, piece=piece)).data == album.piece(piece)
        assert not [e for e in rig.all(PieceRead) if e.piece == 1]

        rig.engine.remove(album.infohash)
        held = await rejoined(rig, album)
        assert held == {*range(album.piece_count)} - {1}


@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_all_that_is_lost_of_a_file_is_told_at_once(
    tmp_path: Path, version: str
) -> None:
    """The swarm is joined again once, not once for each piece."""
    album = make_album(tmp_path, [200_000, 100_000], version=version)
    async with Rig(tmp_path, OFFLINE) as rig:
        await filled(rig, album)
        path = files(tmp_path)[0]
        overwrite(path, 0, path.stat().st_size)
        rig.engine.read_piece(album.infohash, 4)
        assert (await rig.next(PiecesLost)).pieces == {*range(13)}
        rig.engine.remove(album.infohash)
        held = await rejoined(rig, album)
        assert held == {*range(13, album.piece_count)}
        assert len(rig.all(PiecesLost)) == 1


def test_layers_that_do_not_lead_to_their_root_say_nothing(tmp_path: Path) -> None:
    """libtorrent 2.0.8 takes such a torrent, and asks its peers for the right ones."""
    album = make_album(tmp_path, [200_000, 90_000], version="v2")
    right, wrong = lt.bdecode(album.torrent), lt.bdecode(album.torrent)
    layers = wrong[b"piece layers"]
    wrong[b"piece layers"] = {root: bytes(len(layers[root])) for root in layers}
    for torrent, known in [(right, True), (wrong, False), ({}, False)]:
        hashes = PieceHashes(album.info, lt.bencode(torrent))
        checks = [hashes.check_of(piece) for piece in range(album.piece_count)]
        assert all(bool(check) is known for check in checks)


@on_loop
async def test_a_short_file_breaks_no_swarm(tmp_path: Path) -> None:
    album = make_album(tmp_path, [200_000, 100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        await filled(rig, album)
        os.truncate(files(tmp_path)[0], 100_000)
        rig.engine.read_piece(album.infohash, 9)
        assert (await rig.next(PiecesLost)).pieces == {*range(6, 13)}
        rig.engine.read_piece(album.infohash, 15)
        assert (await rig.next(PieceRead)).data == album.piece(15)
        assert not rig.all(SwarmBroke)
        assert not rig.all(PieceUnreadable)


@pytest.mark.parametrize("harm", [lambda path: os.truncate(path, 100_000), Path.unlink])
@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_a_file_that_is_short_or_gone_has_no_other_checked(
    tmp_path: Path, version: str, harm: Callable[[Path], None]
) -> None:
    """libtorrent would read the whole torrent, gigabytes before the first sound."""
    album = make_album(tmp_path, [200_000, 100_000], version=version)
    async with Rig(tmp_path, OFFLINE) as rig:
        await filled(rig, album)
    path = files(tmp_path)[0]
    harm(path)
    reach = path.stat().st_size // 16384 if path.exists() else 0
    async with Rig(tmp_path, OFFLINE) as rig:
        checks: list[object] = []
        rig.engine._pump._handlers["fastresume_rejected_alert"] = checks.append
        held = await rejoined(rig, album)
        assert held == {*range(reach), *range(13, album.piece_count)}
        assert not checks


@on_loop
async def test_what_a_peer_asks_for_and_is_gone_stops_no_music(tmp_path: Path) -> None:
    """libtorrent stops a torrent that cannot read what it is to upload."""
    album = make_album(tmp_path, [200_000, 100_000])
    async with Rig(tmp_path, LOOPBACK) as rig:
        await joined(rig, album, *range(album.piece_count - 1))
        rig.engine.remove(album.infohash)
        await rejoined(rig, album)
        os.truncate(files(tmp_path)[0], 0)
        swarm = rig.engine._members.swarms[album.infohash]
        swarm.handle.prioritize_pieces([(album.piece_count - 1, 7)])
        swarm.handle.unset_flags(lt.torrent_flags.stop_when_ready)
        swarm.handle.resume()
        peer = leecher(tmp_path / "peer", album, rig.engine._session.listen_port())
        lost = await rig.next(PiecesLost)
        assert lost.pieces == {*range(13)}
        assert not rig.all(SwarmBroke)
        del peer


def leecher(folder: Path, album: Album, port: int) -> object:
    params = lt.session_params()
    params.settings = {**LOOPBACK, "listen_interfaces": "127.0.0.9:0"}
    session = lt.session(params)
    wanted = lt.load_torrent_buffer(album.torrent)
    wanted.save_path = str(folder)
    wanted.peers = [("127.0.0.1", port)]
    session.async_add_torrent(wanted)
    return session


@on_loop
async def test_reads_are_answered_once_also_when_the_swarm_is_left(
    tmp_path: Path,
) -> None:
    album = make_album(tmp_path, [3_000_000], 1024 * 1024)
    async with Rig(tmp_path, OFFLINE) as rig:
        await filled(rig, album)
        for _ in range(3):
            rig.engine.read_piece(album.infohash, 0)
        await asyncio.sleep(0)
        rig.engine.remove(album.infohash)
        await rig.until(
            lambda: len(rig.all(PieceRead)) + len(rig.all(PieceUnreadable)) == 3
        )
