"""Exporting: real swarms, the real engine, real files."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.parsing import read_torrent
from mopidy_vozduxan.keeping import target_folder
from mopidy_vozduxan.keeping.exporting import Export, Exporter, ExportRequest
from mopidy_vozduxan.keeping.file_export import Outcome
from mopidy_vozduxan.keeping.keeper import KeepPace
from mopidy_vozduxan.keeping.keeping import Keeping
from mopidy_vozduxan.keeping.target_folder import TargetFolder
from mopidy_vozduxan.planning.spans import PieceMap
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.uris import AlbumUri, TrackUri
from tests.engine.conftest import Album, Seeds, make_album, on_loop
from tests.streaming.test_spoiled_files import Player, spoil_a_byte, stored

SIZES = [400_000, 200_001, 3_000]
PIECE = 32 * 1024
NAMES = ["album/01 track.bin", "album/02 track.bin", "album/03 track.bin"]


@dataclass
class Stage:
    player: Player
    exporter: Exporter
    keep: AlbumUri
    target: Path

    async def export(self, keep=None, **options) -> Export:
        request = ExportRequest(keep or self.keep, str(self.target), **options)
        export = self.exporter.begin(request)
        async with asyncio.timeout(60):
            await export.ended.wait()
        return export

    def exported(self) -> list[str]:
        found = (path for path in self.target.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.target)) for path in found)


def outcomes(export: Export) -> list[str]:
    assert (export.state, export.message) == ("done", "")
    return [result.outcome.value for result in export.results]


@pytest.fixture
def seeds(tmp_path: Path):
    seeds = Seeds(tmp_path / "torrents")
    seeds.folder.mkdir()
    yield seeds
    seeds.close()


@pytest.fixture
def album(tmp_path: Path) -> Album:
    return make_album(tmp_path / "seed", SIZES, PIECE)


@asynccontextmanager
async def stage(
    folder: Path, album: Album, peers: list[tuple[str, int]], *data_dirs: Path
) -> AsyncIterator[Stage]:
    source = album.source
    if peers:
        magnet = album.magnet(*peers).magnet
        source = type(source)(source.infohash, source.torrent, magnet)
    catalog = Catalog(folder / "catalog.db")
    catalog.collection.add(source, read_torrent(album.torrent))
    async with Player(folder, source, album, *data_dirs) as player:
        disk = DiskStore(folder / "data", folder / "resume")
        keeping = Keeping(player.manager, catalog, disk)
        exporter = Exporter(
            player.manager.background,
            catalog,
            disk,
            keeping.holdings,
            [folder / "data"],
        )
        yield Stage(player, exporter, AlbumUri(album.infohash), folder / "stick")
        await exporter.close()
    catalog.close()


def assert_same(stage: Stage, album: Album, names=NAMES) -> None:
    assert stage.exported() == names
    for name in names:
        assert (stage.target / name).read_bytes() == (album.folder / name).read_bytes()


@on_loop
async def test_finished_files_are_linked_and_the_same_ones_are_left(
    tmp_path: Path, album: Album, seeds: Seeds
) -> None:
    async with stage(tmp_path, album, seeds.start(album, 1)) as on:
        await on.player.read_all()
        export = await on.export()
        assert outcomes(export) == ["linked"] * 3
        assert (export.done_bytes, export.files) == (sum(SIZES), 3)
        assert_same(on, album)
        for mine, cached in zip(NAMES, stored(tmp_path), strict=True):
            assert (on.target / mine).samefile(cached)
        assert outcomes(await on.export()) == ["present"] * 3


@pytest.mark.parametrize("version", ["v1", "v2", "hybrid"])
@on_loop
async def test_files_are_copied_where_links_are_not_wanted(
    tmp_path: Path, seeds: Seeds, version: str
) -> None:
    album = make_album(tmp_path / "seed", SIZES, PIECE, version)
    async with stage(tmp_path, album, seeds.start(album, 1)) as on:
        await on.player.read_all()
        assert outcomes(await on.export(copy=True)) == ["copied"] * 3
        assert_same(on, album)
        assert all(path.stat().st_nlink == 1 for path in stored(tmp_path))


@on_loop
async def test_without_links_on_the_file_system_files_are_copied(
    tmp_path: Path, album: Album, seeds: Seeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(tmp_path, album, seeds.start(album, 1)) as on:
        await on.player.read_all()
        monkeypatch.setattr(target_folder.os, "link", another_file_system)
        assert outcomes(await on.export()) == ["copied"] * 3
        assert_same(on, album)


def another_file_system(*_: object, **__: object) -> None:
    raise OSError(errno.EXDEV, "Invalid cross-device link")


@on_loop
async def test_unfinished_files_are_named_or_fetched_first(
    tmp_path: Path, album: Album, seeds: Seeds
) -> None:
    async with stage(tmp_path, album, seeds.start(album, 1)) as on:
        await on.player.manager.background.fetch_whole(target_of(on, 1))
        export = await on.export()
        # The third is in a piece of the second.
        assert outcomes(export) == ["missing", "linked", "linked"]
        assert export.results[0].message.endswith("% of it is here")
        assert on.exported() == NAMES[1:]
        last = await on.export(fetch=True)
        assert outcomes(last) == ["linked", "present", "present"]
        assert_same(on, album)


def target_of(on: Stage, index: int) -> Target:
    return Target(on.player.source, on.player.metainfo, index)


@on_loop
async def test_a_track_is_exported_alone_and_after_a_restart(
    tmp_path: Path, album: Album, seeds: Seeds
) -> None:
    async with stage(tmp_path, album, seeds.start(album, 1)) as on:
        await on.player.read_all()
    seeds.close()
    async with stage(tmp_path, album, []) as on:
        export = await on.export(TrackUri(album.infohash, 1))
        assert outcomes(export) == ["linked"]
        assert_same(on, album, NAMES[1:2])


@on_loop
async def test_another_file_in_the_way_stays_and_the_others_are_exported(
    tmp_path: Path, album: Album, seeds: Seeds
) -> None:
    async with stage(tmp_path, album, seeds.start(album, 1)) as on:
        await on.player.read_all()
        await on.export(TrackUri(album.infohash, 1), copy=True)
        retagged, other = (on.target / name for name in NAMES[1:3])
        spoil_a_byte(retagged)
        other.write_bytes(b"mine")
        before = retagged.read_bytes()
        export = await on.export()
        assert outcomes(export) == ["linked", "conflict", "conflict"]
        assert "another file is there" in export.results[1].message
        assert (retagged.read_bytes(), other.read_bytes()) == (before, b"mine")


@on_loop
async def test_a_file_spoiled_in_the_cache_is_exported_right(
    tmp_path: Path, album: Album, seeds: Seeds
) -> None:
    async with stage(tmp_path, album, seeds.start(album, 1)) as on:
        await on.player.read_all()
        spoil_a_byte(stored(tmp_path)[0])
        await on.player.read(1)
        assert set(outcomes(await on.export())) <= {"linked", "copied"}
        assert_same(on, album)


@on_loop
async def test_a_file_spoiled_in_the_cache_is_not_exported_without_peers(
    tmp_path: Path, album: Album, seeds: Seeds
) -> None:
    async with stage(tmp_path, album, seeds.start(album, 1)) as on:
        await on.player.read_all()
    seeds.close()
    spoil_a_byte(stored(tmp_path)[0])
    async with stage(tmp_path, album, []) as on:
        on.player.manager.background._patience = 1.0
        export = await on.export()
        assert outcomes(export) == ["missing", "linked", "linked"]
        assert on.exported() == NAMES[1:]


def retag(path: Path) -> None:
    """Change a file as an editor of tags does: in place, and longer."""
    data = bytearray(path.read_bytes())
    data[:100] = b"\x07" * 100
    with path.open("r+b") as file:
        file.write(data + b"\x08" * 50_000)


def cut_tags(path: Path) -> None:
    """The same, and shorter."""
    with path.open("r+b") as file:
        file.write(b"\x07" * 100)
        file.truncate(path.stat().st_size - 50_000)


@pytest.mark.parametrize("change", [retag, cut_tags])
@pytest.mark.parametrize("running", [True, False])
@on_loop
async def test_what_a_listener_does_to_a_linked_file_is_theirs(
    tmp_path: Path, album: Album, seeds: Seeds, change, running: bool
) -> None:
    """Ours heals beside it: it gets a copy of its own before anything is written."""
    peers = seeds.start(album, 1)
    async with stage(tmp_path, album, peers) as on:
        await on.player.read_all()
        assert outcomes(await on.export()) == ["linked"] * 3
        mine = on.target / NAMES[0]
        if running:
            change(mine)
            changed = mine.read_bytes()
            await on.player.read(1)
            assert await on.player.read(0) == (album.folder / NAMES[0]).read_bytes()
            await on.player.read(1)
    if not running:
        change(mine)
        changed = mine.read_bytes()
        async with stage(tmp_path, album, peers) as on:
            assert await on.player.read(0) == (album.folder / NAMES[0]).read_bytes()
    assert mine.read_bytes() == changed
    assert stored(tmp_path)[0].read_bytes() == (album.folder / NAMES[0]).read_bytes()
    assert (tmp_path / "stick" / NAMES[2]).samefile(stored(tmp_path)[2])


@pytest.mark.parametrize("resume", ["gone", "garbage"])
@on_loop
async def test_a_linked_file_is_the_listeners_also_when_the_state_is_lost(
    tmp_path: Path, album: Album, seeds: Seeds, resume: str
) -> None:
    """libtorrent then checks all files, and would write into the changed one."""
    peers = seeds.start(album, 1)
    async with stage(tmp_path, album, peers) as on:
        await on.player.read_all()
        await on.export()
    (state,) = (tmp_path / "resume").glob("*.resume")
    state.unlink() if resume == "gone" else state.write_bytes(b"garbage")
    mine = tmp_path / "stick" / NAMES[0]
    retag(mine)
    changed = mine.read_bytes()
    async with stage(tmp_path, album, peers) as on:
        assert await on.player.read(0) == (album.folder / NAMES[0]).read_bytes()
    assert mine.read_bytes() == changed


@on_loop
async def test_what_another_client_has_is_kept_and_copied_without_a_swarm(
    tmp_path: Path, album: Album
) -> None:
    """Its files are its own, so they are not linked."""
    async with stage(tmp_path, album, [], album.folder) as on:
        catalog, disk = on.exporter._catalog, on.exporter._disk
        catalog.keeps.add(on.keep)
        keeping = Keeping(on.player.manager, catalog, disk)
        keeping.start(pace=KeepPace(first=0.0, quiet=0.0, look=0.05))
        async with asyncio.timeout(60):
            while sum((await keeping.progress())[0].held.values()) < sum(SIZES):
                await asyncio.sleep(0.05)
        await keeping.close()
        assert outcomes(await on.export(fetch=True)) == ["copied"] * 3
        assert_same(on, album)
        assert all(path.stat().st_nlink == 1 for path in album.folder.rglob("*.bin"))


@on_loop
async def test_deleting_the_data_leaves_what_was_exported(
    tmp_path: Path, album: Album, seeds: Seeds
) -> None:
    async with stage(tmp_path, album, seeds.start(album, 1)) as on:
        await on.player.read_all()
        await on.export()
        await on.player.manager.remove({album.infohash}, delete_data=True)
        assert stored(tmp_path) == []
        assert_same(on, album)


@on_loop
async def test_a_full_disk_ends_the_export_and_leaves_no_piece_of_a_file(
    tmp_path: Path, album: Album, seeds: Seeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(tmp_path, album, seeds.start(album, 1)) as on:
        await on.player.read_all()
        write = os.write

        def full_after_a_while(number: int, data: bytes) -> int:
            if os.fstat(number).st_size > 100_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(number, data)

        monkeypatch.setattr(os, "write", full_after_a_while)
        export = await on.export(copy=True)
        assert export.state == "failed"
        assert export.message.endswith("stick: No space left on device.")
        assert on.exported() == []


@on_loop
async def test_a_cancelled_export_leaves_whole_files_only(
    tmp_path: Path, album: Album, seeds: Seeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(tmp_path, album, seeds.start(album, 1)) as on:
        await on.player.read_all()
        export = on.exporter.begin(ExportRequest(on.keep, str(on.target), copy=True))
        assert (
            on.exporter.begin(ExportRequest(on.keep, str(on.target), copy=True))
            is export
        )
        while export.done_bytes < SIZES[0] + 1:
            await asyncio.sleep(0)
        on.exporter.cancel(export.id)
        await export.ended.wait()
        assert export.state == "cancelled"
        assert on.exported() == NAMES[:1]


@on_loop
async def test_names_are_legal_where_the_target_says_so(
    tmp_path: Path, album: Album, seeds: Seeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TargetFolder, "takes_portable_names_only", lambda _: True)
    monkeypatch.setattr(
        "mopidy_vozduxan.keeping.exporting.paths_for",
        lambda files, fat: {f.index: (f"{fat}", f"{f.index}") for f in files},
    )
    async with stage(tmp_path, album, seeds.start(album, 1)) as on:
        await on.player.read_all()
        await on.export()
        assert on.exported() == ["True/0", "True/1", "True/2"]


@on_loop
async def test_an_empty_file_is_exported_too(tmp_path: Path, seeds: Seeds) -> None:
    album = make_album(tmp_path / "seed", [40_000, 0, 3_000], PIECE)
    async with stage(tmp_path, album, seeds.start(album, 1)) as on:
        export = await on.export(fetch=True)
        assert outcomes(export)[::2] == ["linked", "linked"]
        assert_same(on, album)


def test_a_piece_belongs_to_two_files(album: Album) -> None:
    """Otherwise these tests would not see a neighbour's bytes."""
    first, second, _ = read_torrent(album.torrent).files
    maps = [PieceMap(f.offset, f.size, PIECE) for f in (first, second)]
    assert maps[0].pieces[-1] == maps[1].pieces[0]
    assert Outcome.LINKED == "linked"
