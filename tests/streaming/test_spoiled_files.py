"""Files that change on disk behind our back: real swarms, the real engine.

Whatever happened to a file, all that is served is the source's.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine.hashes import PieceHashes
from mopidy_vozduxan.engine.parsing import read_torrent
from mopidy_vozduxan.engine.session import LibtorrentEngine
from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.streaming.limits import Limits
from mopidy_vozduxan.streaming.manager import Manager
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.engine.conftest import LOOPBACK, Album, Seeds, make_album, on_loop
from tests.streaming.world import read_all

#: Far from the ends of pieces: in v1 neighbours share theirs.
SIZES = [400_000, 200_001, 3_000]
PIECE = 32 * 1024
PATIENCE_S = 60.0
NEWS = "have changed on disk"

Harm = Callable[[Path], None]


def spoil_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    with path.open("r+b") as file:
        file.write(data)


def overwrite(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b"\xff" * size)


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 3)


def take_the_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


HARMS: list[Harm] = [spoil_a_byte, overwrite, cut_short, Path.unlink, take_the_folder]


class Spoiled:
    """A ``read_piece_alert`` from a disk that returns something else."""

    def __init__(self, alert: Any) -> None:
        self.handle, self.piece, self.error = alert.handle, alert.piece, alert.error
        self.size, self.buffer = alert.size, bytes(alert.size)


class Player:
    """A manager and a real engine; no piece is kept, so all comes from disk."""

    def __init__(
        self, folder: Path, source: TorrentSource, album: Album, *data_dirs: Path
    ) -> None:
        self.engine = LibtorrentEngine(
            folder / "data", folder / "resume", LOOPBACK, data_dirs
        )
        self.source = source
        self.metainfo = read_torrent(album.torrent)
        self.files = [f for f in self.metainfo.files if not f.padding]

    async def __aenter__(self) -> Player:
        loop = asyncio.get_running_loop()
        limits = Limits(pieces_kept=0, stall_timeout=PATIENCE_S)
        self.failed: list[str] = []
        self.manager = Manager(
            self.engine,
            limits,
            loop.time,
            lambda _token, _uri, reason: self.failed.append(reason),
            lambda _: None,
        )
        self.engine.start(loop, self.manager.on_event)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.manager.close()

    def close_files(self) -> None:
        """Have libtorrent open every file again before it reads on.

        An open file that was deleted is still read, and still right. A small
        ``file_pool_size`` does not close it: libtorrent before 2.0.11 closes the file
        that was used last, and two threads open one file each more than it allows.
        """
        swarm = self.engine._members.swarms[self.source.infohash]
        swarm.saved.flush(swarm.handle, swarm.saved.draft)

    def spoil_all_reads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have the engine be told wrong bytes from now on."""
        right = os.pread
        monkeypatch.setattr(os, "pread", lambda *args: bytes(len(right(*args))))
        pump = self.engine._pump
        take = pump._handlers["read_piece_alert"]

        def spoiled(alert: Any) -> None:
            take(Spoiled(alert))

        pump._handlers["read_piece_alert"] = spoiled

    async def read(self, number: int) -> bytes:
        """Read a whole track."""
        target = Target(self.source, self.metainfo, self.files[number].index)
        async with asyncio.timeout(PATIENCE_S):
            token = await self.manager.prepare(target)
            size = self.files[number].size
            reader = self.manager.serving.open_reader(token, 0, size, player=False)
            data = await read_all(reader)
            reader.close()
        return data

    async def read_all(self) -> list[bytes]:
        return [await self.read(number) for number in range(len(self.files))]


def stored(folder: Path) -> list[Path]:
    return sorted((folder / "data").rglob("*.bin"))


def sources(album: Album) -> list[bytes]:
    return [path.read_bytes() for path in sorted(album.folder.rglob("*.bin"))]


@pytest.fixture
def swarm(request: pytest.FixtureRequest, tmp_path: Path, seeds: Seeds) -> Album:
    album = make_album(tmp_path / "seed", SIZES, PIECE, request.param)
    seeds.folder.mkdir(exist_ok=True)
    return album


@pytest.fixture
def seeds(tmp_path: Path):
    seeds = Seeds(tmp_path / "torrents")
    yield seeds
    seeds.close()


@pytest.mark.parametrize(
    ("swarm", "harm"),
    [(version, harm) for version in ("v1", "v2") for harm in HARMS]
    + [("hybrid", overwrite)],
    indirect=["swarm"],
)
@on_loop
async def test_what_is_served_is_the_source_whatever_happens_to_a_file(
    tmp_path: Path,
    swarm: Album,
    seeds: Seeds,
    harm: Harm,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """While it is open, once it is opened again, and between two runs."""
    source = swarm_source(swarm, seeds.start(swarm, 1))
    async with Player(tmp_path, source, swarm) as player:
        assert await player.read_all() == sources(swarm)
        assert NEWS not in caplog.text
        harm(stored(tmp_path)[0])
        assert await player.read_all() == sources(swarm)
        player.close_files()
        assert await player.read_all() == sources(swarm)
        assert NEWS in caplog.text
    assert [path.read_bytes() for path in stored(tmp_path)] == sources(swarm)

    harm(stored(tmp_path)[0])
    async with Player(tmp_path, source, swarm) as again:
        assert await again.read_all() == sources(swarm)
    assert [path.read_bytes() for path in stored(tmp_path)] == sources(swarm)
    assert not player.failed + again.failed


@pytest.mark.parametrize("swarm", ["v1", "v2"], indirect=True)
@on_loop
async def test_what_came_by_a_magnet_link_is_checked_too(
    tmp_path: Path, swarm: Album, seeds: Seeds
) -> None:
    """A v2 torrent then lacks its piece layers: libtorrent alone knows the hashes."""
    source = swarm.magnet(*seeds.start(swarm, 1))
    async with Player(tmp_path, source, swarm) as player:
        assert await player.read_all() == sources(swarm)
        spoil_a_byte(stored(tmp_path)[0])
        await player.read(1)
        assert await player.read_all() == sources(swarm)
    spoil_a_byte(stored(tmp_path)[0])
    async with Player(tmp_path, source, swarm) as player:
        assert await player.read_all() == sources(swarm)


@pytest.mark.parametrize("swarm", ["v2"], indirect=True)
@on_loop
async def test_hashes_that_were_saved_are_known_again(
    tmp_path: Path, swarm: Album, seeds: Seeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libtorrent forgets a magnet's, until peers send them: often too late."""
    source = swarm.magnet(*seeds.start(swarm, 1))
    async with Player(tmp_path, source, swarm) as player:
        assert await player.read_all() == sources(swarm)
    monkeypatch.setattr(PieceHashes, "learn", lambda *_: None)
    async with Player(tmp_path, source, swarm) as player:
        assert await player.read_all() == sources(swarm)


@pytest.mark.parametrize("swarm", ["v1", "v2"], indirect=True)
@on_loop
async def test_what_was_half_fetched_and_is_gone_is_fetched_anew(
    tmp_path: Path, swarm: Album, seeds: Seeds
) -> None:
    """By what was saved the first block of each piece is there. Its hash then fails, or
    there is no file at all, and libtorrent bans the only seed, or stops."""
    source = swarm_source(swarm, seeds.start(swarm, 1))
    async with Player(tmp_path, source, swarm) as player:
        await player.read(1)
    (resume,) = (tmp_path / "resume").iterdir()
    params = lt.read_resume_data(resume.read_bytes())
    missing = [n for n, held in enumerate(params.have_pieces) if not held]
    params.unfinished_pieces = {n: [True, False] for n in missing[:8]}
    resume.write_bytes(bytes(lt.write_resume_data_buf(params)))
    async with Player(tmp_path, source, swarm) as player:
        assert await player.read_all() == sources(swarm)
        assert not player.failed


@pytest.mark.parametrize("swarm", ["v1"], indirect=True)
@on_loop
async def test_a_disk_that_keeps_nothing_is_not_written_to_for_ever(
    tmp_path: Path, swarm: Album, seeds: Seeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = swarm_source(swarm, seeds.start(swarm, 1))
    async with Player(tmp_path, source, swarm) as player:
        await player.read_all()
        player.spoil_all_reads(monkeypatch)
        with pytest.raises(StorageFailed, match="does not keep"):
            await player.read(0)


def swarm_source(album: Album, peers: list[tuple[str, int]]) -> TorrentSource:
    magnet = album.magnet(*peers).magnet
    return TorrentSource(album.infohash, album.torrent, magnet)


def resume_of(folder: Path) -> Path:
    (resume,) = (folder / "resume").glob("*.resume")
    return resume


def keep_older(folder: Path, older: bytes) -> None:
    resume_of(folder).write_bytes(older)


def keep_a_third(folder: Path, _: bytes) -> None:
    data = resume_of(folder).read_bytes()
    resume_of(folder).write_bytes(data[: len(data) // 3])


RESUME_HARMS: dict[str, Callable[[Path, bytes], object]] = {
    "gone": lambda folder, _: resume_of(folder).unlink(),
    "empty": lambda folder, _: resume_of(folder).write_bytes(b""),
    "cut": keep_a_third,
    "garbage": lambda folder, _: resume_of(folder).write_bytes(bytes(range(256)) * 9),
    "older": keep_older,
}


@pytest.mark.parametrize("swarm", ["v1"], indirect=True)
@pytest.mark.parametrize("harm", RESUME_HARMS.values(), ids=RESUME_HARMS.keys())
@on_loop
async def test_what_is_on_disk_plays_without_a_good_resume_file(
    tmp_path: Path, swarm: Album, seeds: Seeds, harm: Callable[[Path, bytes], object]
) -> None:
    """Nobody seeds it any more, so every byte must come from disk."""
    source = swarm_source(swarm, seeds.start(swarm, 1))
    async with Player(tmp_path, source, swarm) as player:
        await player.read(1)
    older = resume_of(tmp_path).read_bytes()
    async with Player(tmp_path, source, swarm) as player:
        assert await player.read_all() == sources(swarm)
    seeds.close()
    harm(tmp_path, older)
    async with Player(tmp_path, source, swarm) as again:
        assert await again.read_all() == sources(swarm)
    assert not again.failed


@pytest.mark.parametrize("swarm", ["v1", "v2"], indirect=True)
@on_loop
async def test_a_resume_file_that_is_newer_than_the_data_is_not_believed(
    tmp_path: Path, swarm: Album, seeds: Seeds
) -> None:
    """A backup of the music was put back, or the disk has lost its last seconds."""
    source = swarm_source(swarm, seeds.start(swarm, 1))
    async with Player(tmp_path, source, swarm) as player:
        await player.read(1)
    backup = tmp_path / "backup"
    shutil.copytree(tmp_path / "data", backup)
    async with Player(tmp_path, source, swarm) as player:
        assert await player.read_all() == sources(swarm)
    shutil.rmtree(tmp_path / "data")
    backup.rename(tmp_path / "data")
    async with Player(tmp_path, source, swarm) as again:
        assert await again.read_all() == sources(swarm)
    assert [path.read_bytes() for path in stored(tmp_path)] == sources(swarm)
    assert not again.failed
