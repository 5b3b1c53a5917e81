"""The commands about what is kept, with an engine that delivers on demand."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mopidy_vozduxan.commands.keeping_commands import (
    KEEPING_COMMANDS,
    PRIVATE_COMMANDS,
    KeepingCommands,
)
from mopidy_vozduxan.exceptions import (
    BadInput,
    NoSuchExport,
    NoSuchFile,
    NoSuchKeep,
    NoSuchTorrent,
    ShuttingDown,
)
from mopidy_vozduxan.keeping.exporting import Exporter
from mopidy_vozduxan.keeping.kept_files import KeptFiles
from tests.commands.test_library_commands import ALBUM, MAGNET, NEAR, REAL
from tests.commands.test_library_commands import Stage as LibraryStage
from tests.fake_engine import INFOHASH

URI = f"vozduxan:album:{INFOHASH}"
KEPT = {
    "uri": URI,
    "infohash": INFOHASH,
    "name": "Album",
    "files": 3,
    "size": 2850,
    "heldBytes": 0,
    "fetching": False,
    "trouble": None,
    "configured": False,
}


class Stage(LibraryStage):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.library = self.commands
        self.target = folder / "stick"
        exporter = Exporter(
            self.manager.background,
            self.catalog,
            self.disk,
            self.keeping.holdings,
            [folder / "data"],
        )
        self.commands = KeepingCommands(
            self.catalog, self.disk, self.keeping, self.library._adder, exporter
        )

    def configure(self, *named: str) -> None:
        self.keeping.kept = KeptFiles(self.catalog, self.disk, named)


@pytest.fixture
def play(tmp_path):
    def run(test):
        async def on_stage():
            stage = Stage(tmp_path)
            await test(stage)
            await stage.manager.close()
            stage.catalog.close()

        asyncio.run(asyncio.wait_for(on_stage(), 60))

    return run


async def refused(stage, command, kind=BadInput, **given):
    with pytest.raises(kind) as caught:
        await stage.run(command, **given)
    return str(caught.value)


def test_a_torrent_is_kept_and_kept_no_longer(play):
    async def test(stage):
        stage.know(ALBUM)
        assert await stage.run("torrent_keep", source="album") == KEPT
        assert await stage.run("torrent_keep", source=INFOHASH[:5]) == KEPT
        status = await stage.library.run("torrent_status", {})
        assert status["kept"] == [KEPT]
        assert await stage.run("torrent_unkeep", source=URI) == KEPT
        status = await stage.library.run("torrent_status", {})
        assert status["kept"] == []

    play(test)


def test_the_list_counts_every_kept_file_once(play):
    async def test(stage):
        stage.know(ALBUM, NEAR)
        for source in (f"vozduxan:track:{INFOHASH}:1", f"vozduxan:track:{INFOHASH}:2"):
            await stage.run("torrent_keep", source=source)
        rows = await stage.library.run("torrent_list", {})
        kept = {row["infohash"]: row["kept"] for row in rows}
        assert kept == {INFOHASH: {"size": 1900, "heldBytes": 0}, NEAR.infohash: None}
        await stage.run("torrent_keep", source=URI)
        stage.open(ALBUM)
        await stage.until(lambda: stage.engine.added)
        stage.engine.hold(0, 9)
        await stage.settle()
        rows = await stage.library.run("torrent_list", {})
        kept = next(row["kept"] for row in rows if row["infohash"] == INFOHASH)
        assert kept == {"size": 2850, "heldBytes": 200}

    play(test)


def test_a_link_is_added_and_kept_before_its_metadata_is_here(play):
    async def test(stage):
        row = await stage.run("torrent_keep", source=MAGNET)
        assert (row["uri"], row["size"], row["name"]) == (URI, None, "Album")
        assert stage.catalog.torrents.has(INFOHASH)

    play(test)


def test_what_is_not_kept_by_that_name_says_why(play):
    async def test(stage):
        stage.know(ALBUM, REAL)
        track = f"vozduxan:track:{INFOHASH}:1"
        await stage.run("torrent_keep", source=URI)
        told = await refused(stage, "torrent_unkeep", NoSuchKeep, source=track)
        assert told == f"It is kept as a part of “Album” ({URI})."
        told = await refused(stage, "torrent_unkeep", NoSuchKeep, source="Real")
        assert told.endswith("is not kept.")
        stage.configure("Real")
        await stage.library.run("torrent_status", {})
        told = await refused(stage, "torrent_unkeep", NoSuchKeep, source="Real")
        assert told == "“Real” is kept by vozduxan/keep in the configuration."

    play(test)


def test_what_does_not_exist_is_not_kept(play):
    async def test(stage):
        stage.know(ALBUM)
        await refused(stage, "torrent_keep")
        await refused(stage, "torrent_keep", source=7)
        await refused(stage, "torrent_keep", NoSuchTorrent, source="Nobody's")
        missing = f"vozduxan:track:{INFOHASH}:9"
        await refused(stage, "torrent_keep", NoSuchFile, source=missing)
        stage.catalog.collection.remove(INFOHASH)
        told = await refused(stage, "torrent_keep", NoSuchTorrent, source=INFOHASH)
        assert told == "It has left the library; add it again to keep it."
        assert stage.catalog.keeps.all() == []

    play(test)


def test_what_is_kept_is_not_purged_and_goes_when_it_is_removed(play):
    async def test(stage):
        stage.know(ALBUM, NEAR)
        for metainfo in (ALBUM, NEAR):
            stage.store(metainfo.infohash)
        await stage.run("torrent_keep", source=f"vozduxan:track:{INFOHASH}:1")
        purged = await stage.library.run("torrent_purge", {})
        assert purged["torrents"] == 1
        assert stage.engine.deleted == [NEAR.infohash]
        removed = {"infohash": INFOHASH, "deleteData": True}
        await stage.library.run("torrent_remove", removed)
        assert stage.engine.deleted == [NEAR.infohash, INFOHASH]
        assert stage.catalog.keeps.all() == []

    play(test)


def test_an_export_is_followed_to_its_end(play):
    async def test(stage):
        stage.know(ALBUM)
        began = await stage.run(
            "torrent_export", source="Album", directory=str(stage.target)
        )
        assert began["state"] == "waiting"
        ended = await stage.run(
            "torrent_export_progress", export=began["export"], wait=60
        )
        assert (ended["state"], ended["files"], ended["size"]) == ("done", 3, 2850)
        assert [one["outcome"] for one in ended["results"]] == ["missing"] * 3
        assert ended["results"][0] == {
            "path": "Album/01 - Track.flac",
            "fileIdx": 0,
            "size": 950,
            "outcome": "missing",
            "message": "0 % of it is here",
        }

    play(test)


def test_a_fetching_export_waits_for_the_swarm_until_it_is_cancelled(play):
    async def test(stage):
        stage.know(ALBUM)
        given = {"source": "Album", "directory": str(stage.target), "fetch": True}
        began = await stage.run("torrent_export", **given)
        await stage.until(lambda: stage.engine.added)
        assert (await stage.run("torrent_export", **given))["export"] == began["export"]
        ended = await stage.run("torrent_export_cancel", export=began["export"])
        assert ended["state"] == "cancelled"
        assert [path for path in stage.target.rglob("*") if path.is_file()] == []

    play(test)


def test_an_export_that_cannot_begin_says_why(play):
    async def test(stage):
        stage.know(ALBUM)
        await refused(stage, "torrent_export", source="Album")
        there = {"source": "Album", "directory": str(stage.target)}
        await refused(stage, "torrent_export", **there, copy=1)
        await refused(stage, "torrent_export_progress", NoSuchExport, export="x")
        for where, why in (
            (str(stage.target / "a/b"), "No such file"),
            ("x", "absolute"),
        ):
            began = await stage.run("torrent_export", source="Album", directory=where)
            name = began["export"]
            ended = await stage.run("torrent_export_progress", export=name, wait=60)
            assert ended["state"] == "failed"
            assert why in ended["message"]

    play(test)


def test_without_a_running_mopidy_nothing_is_exported(play):
    async def test(stage):
        stage.know(ALBUM)
        stage.commands = KeepingCommands(stage.catalog, stage.disk, stage.keeping, None)
        given = {"source": "Album", "directory": str(stage.target)}
        told = await refused(stage, "torrent_export", ShuttingDown, **given)
        assert told == "Mopidy is not running, and an export needs it."

    play(test)


@pytest.mark.parametrize("command", KEEPING_COMMANDS)
def test_unknown_arguments_are_refused(play, command):
    async def test(stage):
        assert "no argument 'colour'" in await refused(stage, command, colour="red")

    play(test)


def test_only_what_writes_to_any_folder_is_private():
    private = {name for name in KEEPING_COMMANDS if "export" in name}
    assert private == PRIVATE_COMMANDS
