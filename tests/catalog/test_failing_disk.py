"""The catalog on disks that are full, read-only or absent: real file systems."""

from __future__ import annotations

import logging
import os

import pytest

from mopidy_vozduxan.catalog import Catalog, database
from mopidy_vozduxan.exceptions import StorageFailed
from tests.metainfos import metainfo, source_of
from tests.rig.disks import needs_root, small_disk

pytestmark = needs_root

MB = 1_000_000
ALBUM = metainfo("Artist - Album", ["01 - One.flac", "02 - Two.flac", "cover.jpg"])


@pytest.fixture(autouse=True)
def tried_at_once(monkeypatch):
    monkeypatch.setattr(database, "AGAIN_S", 0.0)


def warnings_in(caplog):
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


@pytest.mark.parametrize("killed", [False, True])
def test_a_read_only_catalog_is_read_and_written_when_it_may_be(
    tmp_path, caplog, killed
):
    with small_disk(tmp_path / "data", 8 * MB) as disk:
        path = disk.path / "catalog.db"
        if killed:
            child = os.fork()
            if not child:
                catalog = Catalog(path)
                catalog.collection.add(source_of(ALBUM), ALBUM)
                os._exit(0)  # its WAL stays
            os.waitpid(child, 0)
        else:
            catalog = Catalog(path)
            catalog.collection.add(source_of(ALBUM), ALBUM)
            catalog.close()
        disk.read_only()
        catalog = Catalog(path, patient=True)
        news = []
        catalog.on_damaged = lambda: news.append(True)
        for _ in range(3):
            assert [s.infohash for s in catalog.collection.summaries()] == [
                ALBUM.infohash
            ]
            assert catalog.torrents.metainfo(ALBUM.infohash) == ALBUM
            with pytest.raises(StorageFailed, match="read-only"):
                catalog.collection.remove(ALBUM.infohash)
        assert "read-only" in catalog.trouble
        (warning,) = warnings_in(caplog)
        assert "read-only" in warning
        assert not news
        disk.read_only(False)
        catalog.collection.remove(ALBUM.infohash)
        catalog.collection.add(source_of(ALBUM), ALBUM)
        assert catalog.trouble is None
        assert news
        catalog.close()
    assert len(warnings_in(caplog)) == 1


def test_an_absent_catalog_is_empty_until_its_disk_is_there(tmp_path, caplog):
    path = tmp_path / "data" / "vozduxan" / "catalog.db"
    (tmp_path / "data").write_text("not a folder")
    catalog = Catalog(path, patient=True)
    for _ in range(3):
        with pytest.raises(StorageFailed, match="is not there"):
            catalog.collection.summaries()
    (warning,) = warnings_in(caplog)
    assert "is not there" in warning
    (tmp_path / "data").unlink()
    with small_disk(tmp_path / "data", 8 * MB) as disk:
        kept = Catalog(disk.path / "vozduxan.db")
        kept.close()
        assert catalog.collection.summaries() == []
        catalog.collection.add(source_of(ALBUM), ALBUM)
        assert len(catalog.collection.summaries()) == 1
        catalog.close()
    assert len(warnings_in(caplog)) == 1


def test_what_is_added_as_the_disk_comes_back_counts_as_news(tmp_path):
    """A list of the library that was made in between stayed empty for good."""
    with small_disk(tmp_path / "data", 8 * MB) as disk:
        disk.read_only()
        catalog = Catalog(disk.path / "catalog.db", patient=True)
        seen = []
        catalog.on_damaged = lambda: seen.append(catalog.torrents_version)
        disk.read_only(False)
        catalog.collection.add(source_of(ALBUM), ALBUM)
        assert seen
        assert catalog.torrents_version not in seen
        catalog.close()


def come_and_go(catalog):
    """Write until the room that the WAL may still have is used up."""
    for _ in range(1000):
        catalog.collection.remove(ALBUM.infohash)
        catalog.collection.add(source_of(ALBUM), ALBUM)


@pytest.mark.parametrize("running", [False, True])
def test_a_catalog_on_a_full_disk_is_read_and_goes_on_when_there_is_room(
    tmp_path, caplog, running
):
    with small_disk(tmp_path / "data", 2 * MB) as disk:
        path = disk.path / "catalog.db"
        catalog = Catalog(path)
        catalog.collection.add(source_of(ALBUM), ALBUM)
        if not running:
            catalog.close()
        disk.fill()
        if not running:
            catalog = Catalog(path, patient=True)
        for _ in range(3):
            assert len(catalog.collection.summaries()) == 1
            assert catalog.torrents.metainfo(ALBUM.infohash) == ALBUM
        with pytest.raises(StorageFailed, match="full"):
            come_and_go(catalog)
        (warning,) = warnings_in(caplog)
        assert "full" in warning
        disk.grow(20 * MB)
        catalog.collection.add(source_of(ALBUM), ALBUM)
        assert catalog.trouble is None
        assert catalog.torrents.metainfo(ALBUM.infohash) == ALBUM
        catalog.close()
    assert len(warnings_in(caplog)) == 1
