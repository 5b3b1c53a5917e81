"""Copies of the catalog from before a migration."""

from __future__ import annotations

import sqlite3

import pytest

from mopidy_vozduxan.catalog import Catalog, backups, schema
from mopidy_vozduxan.exceptions import StorageFailed
from tests.metainfos import metainfo, source_of

ALBUM = metainfo("Artist - Album", ["01 - One.flac"])
STEPS = schema.STEPS
LATER = (*STEPS, "CREATE TABLE later (x);\n")


def use(monkeypatch, steps):
    for module in (schema, backups):
        monkeypatch.setattr(module, "STEPS", steps)


def infohashes(path):
    catalog = Catalog(path)
    found = [torrent.infohash for torrent in catalog.collection.summaries()]
    catalog.close()
    return found


@pytest.fixture
def filled(path):
    catalog = Catalog(path)
    catalog.collection.add(source_of(ALBUM), ALBUM)
    catalog.close()
    return path


def copies(path):
    return sorted(p.name for p in path.parent.glob(f"{path.name}.before-update-*"))


def test_an_update_keeps_a_copy_that_the_older_version_can_use(filled, monkeypatch):
    use(monkeypatch, LATER)
    assert infohashes(filled) == [ALBUM.infohash]
    assert copies(filled) == [f"catalog.db.before-update-{len(STEPS)}"]
    use(monkeypatch, STEPS)
    with pytest.raises(StorageFailed, match="newer Mopidy-Vozduxan"):
        Catalog(filled)
    for copy in filled.parent.glob("*.before-update-*"):  # as the docs say
        copy.replace(str(copy).partition(".before-update-")[0])
    assert infohashes(filled) == [ALBUM.infohash]


def test_a_copy_has_what_only_the_wal_has(filled, monkeypatch):
    """Mopidy was killed, and the file itself is old."""
    reader = sqlite3.connect(filled)
    catalog = Catalog(filled)
    catalog.torrents.also_call("cd" * 32, ALBUM.infohash)
    use(monkeypatch, LATER)
    Catalog(filled).close()
    copy = sqlite3.connect(filled.parent / copies(filled)[0])
    assert copy.execute("SELECT infohash FROM alias").fetchall() == [("cd" * 32,)]
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for one in (reader, catalog, copy):
        one.close()


def test_the_last_two_copies_are_kept(filled, monkeypatch):
    for number in range(len(STEPS), len(STEPS) + 9):
        use(monkeypatch, (*schema.STEPS, f"CREATE TABLE later{number} (x);\n"))
        assert infohashes(filled) == [ALBUM.infohash]
    last = len(STEPS) + 8
    assert copies(filled) == [
        f"catalog.db.before-update-{n}" for n in sorted((last - 1, last), key=str)
    ]


def test_no_copy_is_made_without_an_update(filled):
    assert infohashes(filled) == [ALBUM.infohash]
    assert copies(filled) == []


def test_without_room_for_a_copy_the_library_still_opens(filled, monkeypatch, caplog):
    def fail(*_):
        raise OSError(28, "No space left on device")

    use(monkeypatch, LATER)
    monkeypatch.setattr(backups, "_to_disk", fail)
    assert infohashes(filled) == [ALBUM.infohash]
    assert "Cannot copy" in caplog.text
    assert [p.name for p in filled.parent.glob("*draft*")] == []
