from __future__ import annotations

import dataclasses
import os
import resource
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from mopidy_vozduxan.catalog import Catalog, FoundAt
from mopidy_vozduxan.catalog.kept_layouts import LAYOUTS_KEPT
from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.torrent.metainfo import TorrentFile, TorrentSource
from tests.metainfos import metainfo, source_of

ALBUM = metainfo("Artist - Album", ["01 - One.flac", "02 - Two.flac", "cover.jpg"])
V2 = "ab" * 32


def test_what_was_added_is_there_after_a_restart(path):
    padded = dataclasses.replace(
        ALBUM,
        private=True,
        files=(*ALBUM.files, TorrentFile(3, ".pad/9", ALBUM.size, 9, padding=True)),
    )
    first = Catalog(path)
    first.collection.add(source_of(ALBUM), padded)
    first.close()
    again = Catalog(path)
    assert again.torrents.metainfo(ALBUM.infohash) == padded
    assert again.torrents.source(ALBUM.infohash) == source_of(ALBUM)
    again.close()


def test_an_unknown_torrent_is_none(catalog):
    assert catalog.torrents.source(V2) is None
    assert catalog.torrents.metainfo(V2) is None
    assert catalog.tracks.layout(V2) is None
    assert catalog.collection.summaries() == []


def test_a_magnet_without_metadata_is_a_source_but_no_torrent_to_browse(catalog):
    source = TorrentSource(V2, None, "magnet:?xt=x", "Name")
    catalog.collection.add(source, None)
    assert catalog.torrents.source(V2) == source
    assert catalog.torrents.metainfo(V2) is None
    assert catalog.collection.summaries() == []


def test_metadata_and_magnet_add_up(catalog):
    magnet = TorrentSource(ALBUM.infohash, None, "magnet:?old", "Name")
    catalog.collection.add(magnet, None)
    catalog.collection.add(source_of(ALBUM), ALBUM)
    catalog.collection.add(
        TorrentSource(ALBUM.infohash, None, "magnet:?new", None), None
    )
    source = catalog.torrents.source(ALBUM.infohash)
    assert source == dataclasses.replace(
        source_of(ALBUM), magnet="magnet:?new", display_name="Name"
    )
    assert catalog.torrents.metainfo(ALBUM.infohash) == ALBUM


def test_a_bare_magnet_takes_no_trackers_away(catalog):
    link = f"magnet:?xt=urn:btih:{ALBUM.infohash}"
    for way in ("&tr=http://a/", "&dn=x&x.pe=127.0.0.1:1", "&tr.1=http://b/", "&ws=x"):
        catalog.collection.add(TorrentSource(ALBUM.infohash, None, link + way), None)
        catalog.collection.add(TorrentSource(ALBUM.infohash, None, link), None)
        assert catalog.torrents.source(ALBUM.infohash).magnet == link + way


def test_a_hybrid_is_found_by_the_hash_its_magnet_had(catalog):
    magnet = TorrentSource(V2, None, "magnet:?xt=urn:btmh:1220" + V2, "Name")
    catalog.collection.add(magnet, None)
    catalog.collection.add(magnet, ALBUM)
    assert catalog.torrents.metainfo(V2) == ALBUM
    assert catalog.torrents.source(V2) == dataclasses.replace(
        magnet, infohash=ALBUM.infohash
    )
    catalog.collection.add(magnet, None)  # pasted once more
    assert [t.infohash for t in catalog.collection.summaries()] == [ALBUM.infohash]


def test_torrents_say_how_many_folders_with_audio_they_have(catalog):
    catalog.collection.add(source_of(ALBUM), ALBUM)
    box = metainfo("Box", ["CD1/1.mp3", "CD2/1.mp3", "Scans/1.jpg"])
    catalog.collection.add(source_of(box), box)
    film = metainfo("Film", ["film.srt"])
    catalog.collection.add(source_of(film), film)
    counts = {t.name: t.folder_count for t in catalog.collection.summaries()}
    assert counts == {"Artist - Album": 1, "Box": 2}


def test_adding_again_keeps_the_day_it_came(catalog):
    catalog.collection.add(source_of(ALBUM), ALBUM)
    before = catalog.collection.summaries()
    assert before[0].added_ms > 1_600_000_000_000
    catalog.collection.add(source_of(ALBUM), ALBUM)
    assert catalog.collection.summaries() == before


def test_a_removed_torrent_is_gone_but_its_file_counts_as_read(catalog):
    place = FoundAt(Path("/torrents/a.torrent"), 5, 6)
    catalog.collection.add(source_of(ALBUM), ALBUM, place)
    assert catalog.torrents.metainfo(ALBUM.infohash)
    catalog.collection.remove(ALBUM.infohash)
    assert not catalog.torrents.has(ALBUM.infohash)
    assert catalog.collection.summaries() == catalog.collection.inventory() == []
    assert catalog.search.tracks({"any": ["one"]}, None, False, 10) == []
    assert catalog.found_files.known() == {place.path: (5, 6, ALBUM.infohash)}


def test_names_that_are_no_text_are_kept_as_well_as_text_can(catalog):
    odd = metainfo("a\udcff", ["01\udcfe.mp3"])
    place = FoundAt(Path("/torrents/\udcff.torrent"), 1, 2)
    catalog.collection.add(source_of(odd), odd, place)
    assert catalog.torrents.metainfo(odd.infohash).files[0].path == "a?/01?.mp3"
    assert catalog.found_files.known() == {place.path: (1, 2, odd.infohash)}


def test_more_layouts_than_are_kept_in_memory_are_right(catalog):
    infos = [metainfo(f"T{n}", ["1.mp3"]) for n in range(LAYOUTS_KEPT + 5)]
    for info in infos:
        catalog.collection.add(source_of(info), info)
    for _ in range(2):
        assert [catalog.torrents.metainfo(info.infohash) for info in infos] == infos


def test_a_changed_torrent_is_not_answered_from_memory(catalog):
    catalog.collection.add(source_of(ALBUM), ALBUM)
    assert catalog.torrents.metainfo(ALBUM.infohash) == ALBUM
    other = metainfo("New", ["1.mp3"], ALBUM.infohash)
    catalog.collection.add(source_of(ALBUM), other)
    assert catalog.torrents.metainfo(ALBUM.infohash) == other


def test_a_reader_does_not_wait_for_a_writer(catalog, path):
    catalog.collection.add(source_of(ALBUM), ALBUM)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    answers = []
    reader = threading.Thread(
        target=lambda: answers.append(catalog.torrents.source(ALBUM.infohash))
    )
    reader.start()
    reader.join(4)  # less than the 5 s SQLite would wait for a lock
    other.execute("ROLLBACK")
    other.close()
    reader.join()
    assert answers == [source_of(ALBUM)]


def test_many_threads_may_read_and_write(catalog):
    def work(number):
        for n in range(20):
            info = metainfo(f"T{number}.{n}", ["1.mp3", "2.mp3"])
            catalog.collection.add(source_of(info), info)
            if catalog.torrents.metainfo(info.infohash) != info:
                wrong.append(info)

    wrong = []
    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(catalog.collection.summaries()) == 80


def test_a_file_that_is_no_catalog_is_set_aside(path, caplog):
    path.write_bytes(b"this is not a database" * 1000)
    catalog = Catalog(path)
    catalog.collection.add(source_of(ALBUM), ALBUM)
    assert catalog.torrents.metainfo(ALBUM.infohash) == ALBUM
    (aside,) = path.parent.glob("catalog.db.damaged-*")
    assert aside.read_bytes().startswith(b"this is not")
    assert "catalog is damaged" in caplog.text
    assert str(aside) in caplog.text
    catalog.close()


def schema_bytes(path):
    """Where the descriptions of the tables end: an empty catalog is little more."""
    empty = path.with_name("empty.db")
    Catalog(empty).close()
    return empty.stat().st_size


def test_damage_that_shows_later_is_set_aside_then(path, caplog):
    first = Catalog(path)
    for n in range(200):
        info = metainfo(f"T{n}", ["1.mp3"])
        first.collection.add(source_of(info), info)
    first.close()
    pages = path.read_bytes()
    head = schema_bytes(path)
    path.write_bytes(pages[:head] + b"\xff" * (len(pages) - head))  # head intact
    catalog = Catalog(path)
    replaced = []
    catalog.on_damaged = lambda: replaced.append(1)
    assert catalog.collection.summaries() == []
    assert replaced == [1]
    catalog.collection.add(source_of(ALBUM), ALBUM)
    assert catalog.torrents.metainfo(ALBUM.infohash) == ALBUM
    assert caplog.text.count("catalog is damaged") == 1
    assert len(list(path.parent.glob("catalog.db.damaged-*"))) == 1
    catalog.close()


@pytest.mark.parametrize(
    "endings", [("",), ("-wal",), ("-wal", "-shm"), ("", "-wal", "-shm")]
)
def test_a_catalog_that_is_deleted_under_us_begins_anew(path, endings):
    """Every read failed, until Mopidy was started again."""
    catalog = Catalog(path)
    catalog.collection.add(source_of(ALBUM), ALBUM)
    for ending in endings:
        Path(f"{path}{ending}").unlink()
    catalog.collection.summaries()
    catalog.recover(lambda *_: (source_of(ALBUM), ALBUM))
    catalog.collection.add(source_of(ALBUM), ALBUM)
    _has_the_album_also_when_opened_again(catalog, path)


def _has_the_album_also_when_opened_again(catalog, path):
    assert [t.infohash for t in catalog.collection.summaries()] == [ALBUM.infohash]
    catalog.close()
    catalog = Catalog(path)
    assert catalog.torrents.metainfo(ALBUM.infohash) == ALBUM
    catalog.close()


@pytest.mark.parametrize("written_back", [False, True])
@pytest.mark.parametrize("used", [False, True])
def test_a_catalog_that_is_emptied_under_us_begins_anew(
    path, used, written_back, caplog
):
    """Every read waited for a lock and failed, until Mopidy was started again."""
    catalog = Catalog(path)
    catalog.collection.add(source_of(ALBUM), ALBUM)
    if used:
        catalog.collection.summaries()
    if written_back:
        other = sqlite3.connect(path)
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        other.close()
    os.truncate(path, 0)
    catalog.collection.summaries()
    catalog.recover(lambda *_: (source_of(ALBUM), ALBUM))
    if written_back:  # else the WAL has it all, and brings it back
        assert catalog.collection.summaries() == []
        assert caplog.text.count("catalog is damaged") == 1
        catalog.collection.add(source_of(ALBUM), ALBUM)
    _has_the_album_also_when_opened_again(catalog, path)


@pytest.mark.parametrize("name", ["catalog.db", "catalog-left.db"])
@pytest.mark.parametrize("running", [False, True])
def test_a_folder_in_the_catalogs_place_is_set_aside(path, name, running, caplog):
    catalog = Catalog(path) if running else None
    if catalog:
        for ending in ("", "-wal", "-shm"):
            Path(f"{path.with_name(name)}{ending}").unlink()
    path.with_name(name).mkdir()
    (path.with_name(name) / "mine.txt").write_text("keep")
    catalog = catalog or Catalog(path)
    catalog.collection.summaries()  # notices it, while Mopidy runs
    catalog.collection.add(source_of(ALBUM), ALBUM)
    catalog.collection.remove(ALBUM.infohash)
    assert catalog.recover(lambda *_: (source_of(ALBUM), ALBUM)) == 0
    assert catalog.torrents.metainfo(ALBUM.infohash) == ALBUM
    assert caplog.text.count("catalog is damaged") == 1
    (kept,) = path.parent.glob(f"{name}.damaged-*/mine.txt")
    assert kept.read_text() == "keep"
    catalog.close()


def test_a_catalog_of_a_later_version_is_left_alone(path):
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 999")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StorageFailed, match="newer"):
        Catalog(path)
    assert path.read_bytes()[100:] == before[100:]


def test_a_catalog_that_cannot_open_is_a_storage_failure(tmp_path):
    with pytest.raises(StorageFailed):
        Catalog(tmp_path / "missing" / "catalog.db")


def test_a_full_disk_is_called_that(path, monkeypatch):
    """SQLite speaks of an I/O error."""
    usage = SimpleNamespace(free=0)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(StorageFailed, match="the disk is full"):
            Catalog(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    Catalog(path).close()


def test_a_closed_catalog_says_so(path):
    catalog = Catalog(path)
    catalog.close()
    with pytest.raises(StorageFailed):
        catalog.collection.summaries()


def test_many_may_open_a_new_catalog_at_the_same_moment(tmp_path):
    """A command and the server that starts beside it, each in a process."""
    for number in range(10):
        path = tmp_path / f"{number}.db"
        barrier = threading.Barrier(4)

        def open_it(path=path, barrier=barrier):
            barrier.wait(20)
            catalog = Catalog(path)
            try:
                return catalog.collection.inventory()
            finally:
                catalog.close()

        with ThreadPoolExecutor(4) as pool:
            opened = [pool.submit(open_it) for _ in range(4)]
        assert [future.result() for future in opened] == [[]] * 4
