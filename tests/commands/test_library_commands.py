"""The library's commands, with an engine that delivers when the test says so."""

from __future__ import annotations

import asyncio
import base64
import os
import threading
from dataclasses import replace

import pytest

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.commands.library_commands import LIBRARY_COMMANDS, LibraryCommands
from mopidy_vozduxan.commands.network_state import NetworkState
from mopidy_vozduxan.commands.removal import Removal
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.parsing import read_torrent, read_with_magnet
from mopidy_vozduxan.exceptions import (
    BadInput,
    Cancelled,
    FetchFailed,
    MetadataTimeout,
    NoSuchTorrent,
    StorageFailed,
    VozduxanError,
)
from mopidy_vozduxan.keeping.keeping import Keeping
from mopidy_vozduxan.network.binding import Binding
from mopidy_vozduxan.network.network_limits import NetworkLimits
from mopidy_vozduxan.planning.eviction import CacheWishes
from mopidy_vozduxan.sources.adding import Adder
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.tags import Tags
from tests.fake_engine import INFOHASH, album, source_of
from tests.metainfos import metainfo
from tests.streaming.world import World
from tests.torrent_files import multi_file

ALBUM = album()
MAGNET = f"magnet:?xt=urn:btih:{INFOHASH}&dn=Album"
#: Its infohash begins as that of ALBUM does.
NEAR = album(infohash="abab" + "cd" * 18)
V2 = "ef" * 32
TORRENT = multi_file("Real", {f"{i}.flac": bytes([i]) * 40_000 for i in range(3)})
REAL = read_torrent(TORRENT)
URL = "https://example.com/real.torrent"


class Stage(World):
    """The manager's world, the catalog and the disk, and the commands."""

    def __init__(self, folder, **limits):
        super().__init__(ALBUM, NEAR, REAL, **limits)
        self.catalog = Catalog(folder / "catalog.db")
        self.disk = DiskStore(folder / "data", folder / "resume")
        self.loop = asyncio.get_running_loop()
        self.web = {URL: TORRENT}
        self.vacated = []
        self.forgotten = []
        self.left = []
        self.keeping = Keeping(self.manager, self.catalog, self.disk)
        self.commands = LibraryCommands(
            self.manager,
            self.catalog,
            self.disk,
            Adder(
                self.catalog,
                read_with_magnet,
                lambda work: asyncio.run_coroutine_threadsafe(work, self.loop),
                self.manager.metadata.fetch,
                self._fetch,
            ),
            Removal(
                self._vacate,
                self.left.append,
                self.forgotten.append,
                self.keeping.kept.torrents,
            ),
            NetworkState(Binding(""), NetworkLimits(), self.engine.limit),
            read_with_magnet,
            self.keeping,
            CacheWishes(10**9, 10**8),
        )

    async def _fetch(self, url):
        if url not in self.web:
            raise FetchFailed("It is not there.")
        return self.web[url]

    def _vacate(self, names):
        assert threading.current_thread() is not threading.main_thread()
        # Core lets go before any stream ends.
        self.vacated.append((names, len(self.manager.streams)))

    def start(self, command, **given):
        return asyncio.create_task(self.commands.run(command, given))

    async def run(self, command, **given):
        return await self.start(command, **given)

    async def until(self, true):
        """Let the loop, and the threads it waits for, get there."""
        while not true():
            await asyncio.sleep(0.001)

    def know(self, *metainfos):
        for one in metainfos:
            self.catalog.collection.add(source_of(one), one)

    def store(self, infohash, size=10_000):
        folder = self.disk.data_dir / infohash
        folder.mkdir(parents=True)
        (folder / "data").write_bytes(os.urandom(size))

    def open(self, metainfo, index=0):
        return self.manager.play(Target(source_of(metainfo), metainfo, index), "uri")


@pytest.fixture
def play(tmp_path):
    """Run a coroutine function on a stage of its own."""

    def run(test, **limits):
        async def on_stage():
            stage = Stage(tmp_path, **limits)
            await test(stage)
            await stage.manager.close()
            stage.catalog.close()

        asyncio.run(asyncio.wait_for(on_stage(), 60))

    return run


async def refused(stage, command, kind=BadInput, **given):
    with pytest.raises(kind) as caught:
        await stage.run(command, **given)
    return str(caught.value)


# --- add


def test_a_torrent_file_is_added_at_once(play):
    async def test(stage):
        encoded = base64.b64encode(TORRENT).decode()
        assert await stage.run("torrent_add", torrentFileB64=encoded) == {
            "infohash": REAL.infohash,
            "name": "Real",
            "known": True,
            "uri": f"vozduxan:album:{REAL.infohash}",
            "numPeers": 0,
        }
        assert not stage.engine.added

    play(test)


@pytest.mark.parametrize("source", [MAGNET, INFOHASH, INFOHASH.upper()])
def test_a_magnet_is_added_before_its_metadata_is_here(play, source):
    async def test(stage):
        answer = await stage.run("torrent_add", source=source)
        assert (answer["infohash"], answer["known"]) == (INFOHASH, False)
        assert answer["uri"].startswith(f"magnet:?xt=urn:btih:{INFOHASH}")
        (row,) = await stage.run("torrent_list")
        assert (row["infohash"], row["known"], row["size"]) == (INFOHASH, False, None)

    play(test)


def test_who_waits_hears_when_the_metadata_comes(play):
    async def test(stage):
        task = stage.start("torrent_add", source=MAGNET, wait=50)
        await stage.until(lambda: stage.engine.added)
        stage.engine.tell_metadata()
        answer = await task
        assert answer["known"]
        assert answer["uri"] == f"vozduxan:album:{INFOHASH}"

    play(test)


def test_a_wait_that_ends_is_no_error_and_the_search_goes_on(play):
    async def test(stage):
        answer = await stage.run("torrent_add", source=MAGNET, wait=0.01)
        assert not answer["known"]
        stage.engine.tell_metadata()
        await stage.until(lambda: stage.catalog.torrents.metainfo(INFOHASH))
        assert (await stage.run("torrent_add", source=MAGNET))["known"]

    play(test)


@pytest.mark.parametrize(
    "source", [URL, "vozduxan:add:https%3A%2F%2Fexample.com%2Freal.torrent"]
)
def test_a_url_is_added(play, source):
    async def test(stage):
        answer = await stage.run("torrent_add", source=source, wait=50)
        assert (answer["infohash"], answer["known"]) == (REAL.infohash, True)

    play(test)


def test_a_url_that_brings_nothing_says_so(play):
    async def test(stage):
        url = "http://example.com/nothing"
        await refused(stage, "torrent_add", FetchFailed, source=url, wait=50)
        assert await stage.run("torrent_list") == []

    play(test)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"source": MAGNET, "torrentFileB64": "AAAA"},
        {"source": "magnet:?dn=nothing"},
        {"source": "/home/me/Album.torrent"},
        {"source": f"vozduxan:album:{INFOHASH}"},
        {"source": 7},
        {"torrentFileB64": "?"},
        {"torrentFileB64": base64.b64encode(b"junk").decode()},
        {"source": MAGNET, "wait": -1},
        {"source": MAGNET, "wait": 1e9},
        {"source": MAGNET, "wait": True},
        {"source": MAGNET, "wait": "1"},
        {"sauce": MAGNET},
    ],
)
def test_what_cannot_be_added_changes_nothing(play, given):
    async def test(stage):
        await refused(stage, "torrent_add", **given)
        assert await stage.run("torrent_list") == []

    play(test)


# --- list and files


def test_what_lies_under_another_name_is_counted(play):
    async def test(stage):
        stage.catalog.collection.add(source_of(album(infohash=V2)), ALBUM)
        stage.store(V2)
        (row,) = await stage.run("torrent_list")
        assert row["bytesOnDisk"] >= 10_000

    play(test)


def test_the_list_is_in_natural_order_and_counts_what_is_on_disk(play):
    async def test(stage):
        for number, name in enumerate(["Vol. 10", "vol. 2", "Vol. 1"]):
            torrent = multi_file(name, {"a.flac": b"1" * 900, "b.txt": b"2"})
            stage.know(read_torrent(torrent))
            if number == 1:
                stage.store(read_torrent(torrent).infohash)
        rows = await stage.run("torrent_list")
        assert [row["name"] for row in rows] == ["Vol. 1", "vol. 2", "Vol. 10"]
        assert [row["tracks"] for row in rows] == [1, 1, 1]
        assert [row["size"] for row in rows] == [901] * 3
        on_disk = [row["bytesOnDisk"] for row in rows]
        assert on_disk[0] == on_disk[2] == 0
        assert on_disk[1] >= 10_000

    play(test)


@pytest.mark.parametrize(
    "source",
    [
        MAGNET,
        INFOHASH,
        INFOHASH[:5],
        INFOHASH[:5].upper(),
        f"vozduxan:album:{INFOHASH}",
    ],
)
def test_files_of_what_the_library_has(play, source):
    async def test(stage):
        stage.know(ALBUM)
        files = await stage.run("torrent_files", source=source)
        assert files[1] == {
            "index": 1,
            "path": "Album/02 - Track.flac",
            "size": 950,
            "mime": "audio/flac",
        }
        assert not stage.engine.added

    play(test)


def test_files_say_why_archives_are_no_tracks(play):
    async def test(stage):
        box = replace(metainfo("Box", ["a.rar", "b.flac"]), infohash=INFOHASH)
        stage.know(box)
        packed, track = await stage.run("torrent_files", source=INFOHASH)
        assert packed["note"].startswith("is an archive")
        assert "note" not in track

    play(test)


def test_files_of_bytes_and_of_urls(play):
    async def test(stage):
        encoded = base64.b64encode(TORRENT).decode()
        files = await stage.run("torrent_files", torrentFileB64=encoded)
        assert [file["path"] for file in files] == [
            "Real/0.flac",
            "Real/1.flac",
            "Real/2.flac",
        ]
        assert await stage.run("torrent_list") == []
        assert await stage.run("torrent_files", source=URL) == files

    play(test)


def test_files_of_a_magnet_wait_for_its_metadata(play):
    async def test(stage):
        task = stage.start("torrent_files", source=MAGNET)
        await stage.until(lambda: stage.engine.added)
        stage.engine.tell_metadata()
        assert len(await task) == 3
        await refused(
            stage,
            "torrent_files",
            MetadataTimeout,
            source=f"magnet:?xt=urn:btih:{'77' * 20}",
            wait=0.01,
        )

    play(test)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("7", NoSuchTorrent),
        ("xyz", BadInput),
        ("vozduxan:directory:root", BadInput),
        ("local:track:a", BadInput),
        ("abab", BadInput),  # two of them start like that
    ],
)
def test_files_of_what_is_no_torrent(play, source, kind):
    async def test(stage):
        stage.know(ALBUM, NEAR)
        await refused(stage, "torrent_files", kind, source=source)

    play(test)


# --- remove


def test_a_torrent_is_removed_without_its_data(play):
    async def test(stage):
        stage.know(ALBUM, NEAR)
        stage.open(ALBUM)
        stage.store(INFOHASH)
        answer = await stage.run("torrent_remove", infohash=INFOHASH)
        assert answer == {"infohash": INFOHASH, "freedBytes": 0, "forgotten": False}
        assert stage.vacated == [(frozenset({INFOHASH}), 1)]
        assert stage.left == [INFOHASH]
        assert stage.forgotten == []
        assert stage.engine.removed == [INFOHASH]
        assert stage.engine.deleted == []
        assert stage.manager.streams == {}
        (row,) = await stage.run("torrent_list")
        assert row["infohash"] == NEAR.infohash

    play(test)


@pytest.mark.parametrize(
    ("delete", "said"), [(True, "and its data"), (False, "its data stays on disk")]
)
def test_the_log_says_what_was_removed(play, caplog, delete, said):
    async def test(stage):
        stage.know(ALBUM)
        await stage.run("torrent_remove", infohash=INFOHASH, deleteData=delete)

    with caplog.at_level("INFO"):
        play(test)
    (line,) = [r.getMessage() for r in caplog.records if "Removed" in r.getMessage()]
    assert line.startswith("Vozduxan: Removed “Album”")
    assert said in line


@pytest.mark.parametrize("is_joined", [True, False])
def test_a_torrent_is_removed_with_its_data(play, is_joined):
    async def test(stage):
        stage.know(ALBUM)
        if is_joined:
            stage.open(ALBUM)
        stage.store(INFOHASH)
        answer = await stage.run("torrent_remove", infohash="ab", deleteData=True)
        assert answer["infohash"] == INFOHASH
        assert answer["freedBytes"] >= 10_000
        assert stage.engine.deleted == [INFOHASH]

    play(test)


def test_data_of_what_left_the_library_can_still_be_removed(play):
    async def test(stage):
        stage.store(INFOHASH)
        await stage.run("torrent_remove", infohash=INFOHASH, deleteData=True)
        assert stage.engine.deleted == [INFOHASH]

    play(test)


def test_a_torrent_is_removed_by_all_its_names(play):
    """A hybrid met by its v2 magnet lies on disk under that name."""

    async def test(stage):
        stage.catalog.collection.add(source_of(album(infohash=V2)), ALBUM)
        stage.store(V2)
        answer = await stage.run("torrent_remove", infohash=V2[:6], deleteData=True)
        assert answer["infohash"] == INFOHASH
        assert sorted(stage.engine.deleted) == [INFOHASH, V2]

    play(test)


def test_the_urls_of_a_torrent_are_names_of_its_entries_only(play):
    async def test(stage):
        await stage.run("torrent_add", source=URL, wait=50)
        stage.store(REAL.infohash)
        await stage.run("torrent_remove", infohash=REAL.infohash, deleteData=True)
        ((names, _),) = stage.vacated
        assert names == {REAL.infohash, URL}
        assert stage.engine.deleted == [REAL.infohash]

    play(test)


def test_a_client_that_goes_leaves_no_half_removal(play):
    async def test(stage):
        stage.know(ALBUM)
        stage.open(ALBUM)
        task = stage.start("torrent_remove", infohash=INFOHASH, deleteData=True)
        await stage.until(lambda: stage.vacated)
        task.cancel()
        await stage.until(lambda: stage.engine.deleted == [INFOHASH])

    play(test)


def test_removing_ends_who_waits_for_the_metadata(play):
    async def test(stage):
        task = stage.start("torrent_files", source=MAGNET)
        stage.catalog.collection.add(source_of(ALBUM), None)
        await stage.until(lambda: stage.engine.added)
        await stage.run("torrent_remove", infohash=INFOHASH)
        with pytest.raises(Cancelled):
            await task
        assert await stage.run("torrent_list") == []

    play(test)


@pytest.mark.parametrize("source", [MAGNET, INFOHASH, TORRENT, URL])
def test_what_was_removed_is_whole_as_soon_as_it_is_added_again(play, source):
    metainfo = ALBUM if INFOHASH in str(source) else REAL

    async def test(stage):
        stage.know(metainfo)
        if source == URL:
            stage.catalog.torrents.also_call(URL, metainfo.infohash)
            stage.web.clear()
        stage.catalog.scans.keep_tags(metainfo.infohash, 0, Tags(title="Said"))
        before = await stage.run("torrent_list")
        await stage.run("torrent_remove", infohash=metainfo.infohash, deleteData=True)
        assert await stage.run("torrent_list") == []
        given = {"source": source}
        if isinstance(source, bytes):
            given = {"torrentFileB64": base64.b64encode(source).decode()}
        answer = await stage.run("torrent_add", **given)
        assert answer["known"]
        assert await stage.run("torrent_list") == before
        (folder,) = stage.catalog.tracks.layout(metainfo.infohash).folders
        assert folder.tracks[0].tags.title == "Said"
        assert 0 not in stage.catalog.scans.unscanned(metainfo.infohash)
        assert stage.engine.added == []

    play(test)


def test_what_was_removed_is_looked_into_without_its_swarm(play):
    async def test(stage):
        stage.know(ALBUM)
        await stage.run("torrent_remove", infohash=INFOHASH, deleteData=True)
        for source in (INFOHASH, INFOHASH[:6], MAGNET):
            assert await stage.run("torrent_files", source=source)
        assert await stage.run("torrent_list") == []
        assert stage.engine.added == []

    play(test)


def test_what_is_removed_once_more_is_forgotten(play, caplog):
    async def test(stage):
        stage.know(ALBUM)
        await stage.run("torrent_remove", infohash=INFOHASH, deleteData=True)
        assert stage.catalog.torrents.metainfo(INFOHASH) == ALBUM
        answer = await stage.run("torrent_remove", infohash=INFOHASH[:6])
        assert answer["forgotten"]
        assert stage.forgotten == [INFOHASH]
        assert stage.catalog.torrents.source(INFOHASH) is None
        await refused(stage, "torrent_remove", NoSuchTorrent, infohash=INFOHASH)

    with caplog.at_level("INFO"):
        play(test)
    assert "Forgot “Album”" in caplog.text


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, BadInput),
        ({"infohash": ""}, BadInput),
        ({"infohash": "abab"}, BadInput),
        ({"infohash": "../abab"}, BadInput),
        ({"infohash": "*"}, BadInput),
        ({"infohash": "77"}, NoSuchTorrent),
        ({"infohash": INFOHASH, "deleteData": 1}, BadInput),
    ],
)
def test_a_wrong_removal_changes_nothing(play, given, kind):
    async def test(stage):
        stage.know(ALBUM, NEAR)
        await refused(stage, "torrent_remove", kind, **given)
        assert len(await stage.run("torrent_list")) == 2
        assert stage.vacated == stage.forgotten == stage.engine.removed == []

    play(test)


def test_a_disk_that_fails_is_an_error_of_the_removal(play):
    async def test(stage):
        stage.know(ALBUM)

        def fail(infohash, *, delete_data=False):
            future = asyncio.get_running_loop().create_future()
            future.set_exception(StorageFailed("The disk says no."))
            return future

        stage.engine.remove = fail
        said = await refused(
            stage, "torrent_remove", StorageFailed, infohash=INFOHASH, deleteData=True
        )
        assert said == "The disk says no."

    play(test)


def test_on_a_full_disk_a_removal_with_data_makes_room_first(play):
    """The catalog, too, needs room to forget a torrent: nothing could be removed."""

    async def test(stage):
        stage.know(ALBUM)
        stage.store(INFOHASH)
        remove = stage.catalog.collection.remove

        def remove_where_room_is(infohash):
            if not stage.engine.deleted:
                raise StorageFailed("The disk is full.")
            remove(infohash)

        stage.catalog.collection.remove = remove_where_room_is
        await refused(stage, "torrent_remove", StorageFailed, infohash=INFOHASH)
        assert len(await stage.run("torrent_list")) == 1
        await stage.run("torrent_remove", infohash=INFOHASH, deleteData=True)
        assert stage.engine.deleted == [INFOHASH]
        assert await stage.run("torrent_list") == []

    play(test)


# --- purge and status


def test_purging_spares_what_is_used_and_the_library(play):
    async def test(stage):
        stage.know(ALBUM, NEAR, REAL)
        for one in (ALBUM, NEAR, REAL):
            stage.store(one.infohash)
        stage.open(ALBUM)
        answer = await stage.run("torrent_purge")
        assert answer["torrents"] == 2
        assert 20_000 <= answer["freedBytes"] < 30_000
        assert sorted(stage.engine.deleted) == sorted([NEAR.infohash, REAL.infohash])
        assert len(stage.manager.streams) == 1
        assert len(await stage.run("torrent_list")) == 3

    play(test)


def test_status_says_what_goes_on(play):
    async def test(stage):
        stage.know(ALBUM)
        stage.catalog.collection.add(source_of(NEAR), None)
        stage.store(INFOHASH)
        token = stage.open(ALBUM, 1)
        await stage.until(lambda: stage.engine.added)
        stage.engine.give(9)
        await stage.until(lambda: 9 in stage.manager.swarms.all()[0].pieces.held)
        status = await stage.run("torrent_status")
        assert status["running"] is True
        assert set(status["versions"]) == {"vozduxan", "mopidy", "libtorrent"}
        assert status["library"] == {
            "torrents": 2,
            "tracks": 3,
            "waitingForMetadata": 1,
        }
        assert status["bytesOnDisk"] >= 10_000
        assert status["disk"]["freeBytes"] > 0
        assert status["disk"]["trouble"] is None
        assert status["cache"] == {
            "limitBytes": 10**9,
            "minFreeBytes": 10**8,
            "fetches": "all",
        }
        (stream,) = status["streams"]
        assert stream == {
            "token": token,
            "infohash": INFOHASH,
            "fileIdx": 1,
            "name": "02 - Track.flac",
            "bucket": "current",
            "background": False,
            "readers": 0,
            "size": 950,
            "heldBytes": 50,
            "bufferedBytes": 50,
            "downloadRate": 0,
            "numPeers": 0,
        }
        (swarm,) = status["swarms"]
        assert (swarm["infohash"], swarm["name"]) == (INFOHASH, "Album")

    play(test)


@pytest.mark.parametrize("command", LIBRARY_COMMANDS)
def test_unknown_arguments_are_refused(play, command):
    async def test(stage):
        assert "no argument 'colour'" in await refused(stage, command, colour="red")

    play(test)


def test_an_unknown_torrent_is_an_error_of_its_own():
    assert issubclass(NoSuchTorrent, VozduxanError)
    assert (NoSuchTorrent.code, NoSuchTorrent.status) == ("NO_SUCH_TORRENT", 404)


def test_limits_change_at_once_and_nonsense_changes_nothing(tmp_path):
    async def scene():
        stage = Stage(tmp_path)
        run = stage.commands.run
        before = await run("torrent_limits", {})
        assert before["uploadLimit"] == 0
        given = {"uploadLimit": "500 kB/s", "downloadLimit": 2000, "uploadSlots": 3}
        after = await run("torrent_limits", given)
        assert after == before | {
            "uploadLimit": 500_000,
            "downloadLimit": 2000,
            "uploadSlots": 3,
        }
        assert stage.engine.limits == NetworkLimits(2000, 500_000, upload_slots=3)
        for wrong in (
            {"uploadLimit": "fast"},
            {"uploadLimit": -1},
            {"downloadLimit": 0, "uploadLimit": 5},
            {"uploadSlots": 0},
            {"connectionsLimit": True},
            {"torrentConnectionsLimit": "many"},
        ):
            with pytest.raises(BadInput):
                await run("torrent_limits", wrong)
        assert await run("torrent_limits", {"uploadLimit": None}) == after

    asyncio.run(scene())
