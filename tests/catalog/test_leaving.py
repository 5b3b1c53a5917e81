"""What has left the library is listed nowhere, and known to who has its infohash."""

from __future__ import annotations

import sqlite3

import pytest

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.parsing import read_with_magnet
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from mopidy_vozduxan.torrent.tags import Part, Tags
from tests.metainfos import metainfo, source_of
from tests.torrent_files import multi_file

BOX = metainfo("Box", ["A/1 - One.flac", "B/2 - Two.flac", "cover.jpg"])
OTHER = metainfo("Other", ["1 - One.flac"])
MAGNET = f"magnet:?xt=urn:btih:{BOX.infohash}&tr=http://127.0.0.1/announce"
PARTS = [Part(1, 0, 75, Tags(title="A")), Part(2, 75, None, Tags(title="B"))]
V2 = "ab" * 32
TORRENT = multi_file("Real", {"1 - One.mp3": b"1", "2 - Two.mp3": b"2"})


@pytest.fixture
def whole(catalog):
    """A catalog with a torrent of which all is known, and another one."""
    catalog.collection.add(TorrentSource(BOX.infohash, b"bytes", MAGNET, "Name"), BOX)
    catalog.torrents.also_call(V2, BOX.infohash)
    catalog.scans.keep_tags(BOX.infohash, 0, Tags(title="Said", artists=("Who",)))
    catalog.sheets.keep(BOX.infohash, 1, PARTS)
    catalog.playlists.keep(BOX.infohash, 9, "Mine", ["x"])
    catalog.collection.add(source_of(OTHER), OTHER)
    return catalog


def known(catalog, infohash=BOX.infohash):
    """All that is known of a torrent."""
    layout = catalog.tracks.layout(infohash)
    return (
        catalog.torrents.source(infohash),
        catalog.torrents.metainfo(infohash),
        layout and (layout.added_ms, layout.folders),
        catalog.sheets.part(infohash, 1, 2),
        catalog.scans.unscanned(infohash),
    )


def listed(catalog):
    """All that is shown of all torrents."""
    found = catalog.search.tracks({"any": ["said"]}, None, False, 10)
    return (
        sorted(t.infohash for t in catalog.collection.summaries()),
        sorted(e.infohash for e in catalog.collection.inventory()),
        sorted(a.name for a in catalog.search.all_albums()),
        sorted(catalog.search.all_artists()),
        sorted(catalog.search.distinct("track", {})),
        [t.tags.title for t in found],
        [p.name for p in catalog.playlists.all()],
        sorted(catalog.scans.unscanned_torrents(10)),
    )


def reopened(catalog, path):
    catalog.close()
    return Catalog(path)


def both(catalog, path):
    """Yield it as it is, and as it is after a restart."""
    yield catalog
    again = reopened(catalog, path)
    yield again
    again.close()


def test_what_has_left_is_known_as_before_and_listed_nowhere(whole, path):
    before = known(whole)
    whole.collection.remove(BOX.infohash)
    lonely = Catalog(path.with_name("lonely.db"))
    lonely.collection.add(source_of(OTHER), OTHER)
    for catalog in both(whole, path):
        assert known(catalog) == before
        assert known(catalog, V2)[:4] == before[:4]
        assert listed(catalog) == listed(lonely)
        assert not catalog.torrents.has(BOX.infohash)
        assert catalog.torrents.names_of(BOX.infohash) == {BOX.infohash, V2}
        assert catalog.playlists.get(BOX.infohash, 9) is None
    lonely.close()


@pytest.mark.parametrize("name", [BOX.infohash, V2])
def test_what_comes_back_is_as_it_was(whole, path, name):
    all_known, shown = known(whole), listed(whole)
    whole.collection.remove(name)
    catalog = reopened(whole, path)
    catalog.collection.come_back(name)
    assert (known(catalog), listed(catalog)) == (all_known, shown)
    catalog.close()


@pytest.mark.parametrize(
    ("source", "info"),
    [
        (
            TorrentSource(BOX.infohash, None, f"magnet:?xt=urn:btih:{BOX.infohash}"),
            None,
        ),
        (TorrentSource(V2, None, f"magnet:?xt=urn:btmh:1220{V2}"), None),
        (TorrentSource(BOX.infohash, b"bytes"), BOX),
    ],
    ids=["magnet", "v2", "torrent"],
)
def test_what_is_added_again_is_as_it_was(whole, source, info):
    all_known, shown = known(whole), listed(whole)
    versions = whole.torrents_version, whole.albums_version
    whole.collection.remove(BOX.infohash)
    whole.collection.add(source, info)
    assert (known(whole), listed(whole)) == (all_known, shown)
    assert whole.torrents_version > versions[0] + 1
    assert whole.albums_version > versions[1] + 1


def test_what_never_left_does_not_come_back(whole):
    shown = listed(whole)
    whole.collection.come_back(BOX.infohash)
    whole.collection.come_back("77" * 20)
    assert listed(whole) == shown


def test_what_is_learned_of_it_does_not_bring_it_back(catalog):
    link = TorrentSource(V2, None, f"magnet:?xt=urn:btmh:1220{V2}&tr=http://a/", "Name")
    catalog.collection.add(link, None)
    catalog.collection.remove(V2)
    catalog.collection.learn(
        TorrentSource(V2, b"bytes"), BOX
    )  # a hybrid; it was met by its v2
    assert catalog.collection.inventory() == []
    for name in (V2, BOX.infohash):
        assert catalog.torrents.metainfo(name) == BOX
        assert catalog.torrents.source(name).magnet == link.magnet
    catalog.scans.keep_tags(BOX.infohash, 0, Tags(title="Said"))
    catalog.sheets.keep(BOX.infohash, 1, PARTS)
    assert catalog.scans.unscanned_torrents(10) == []
    catalog.collection.come_back(V2)
    titles = [t.tags.title for f in catalog.tracks.layout(V2).folders for t in f.tracks]
    assert titles == ["Said", "A", "B"]
    assert [e.infohash for e in catalog.collection.inventory()] == [BOX.infohash]


def test_what_is_learned_of_others_puts_them_into_the_library(catalog):
    catalog.collection.learn(source_of(OTHER), OTHER)
    catalog.collection.learn(source_of(OTHER), OTHER)
    assert [e.infohash for e in catalog.collection.inventory()] == [OTHER.infohash]


def test_what_is_forgotten_is_gone(whole, path):
    whole.collection.forget(BOX.infohash)
    assert whole.torrents.has(BOX.infohash), "it had not left"
    whole.collection.remove(BOX.infohash)
    whole.collection.forget(V2)
    for catalog in both(whole, path):
        assert known(catalog) == (None, None, None, None, [])
        assert (
            catalog.torrents.names_like(BOX.infohash[:6])
            == catalog.torrents.names_like(V2[:6])
            == []
        )
        assert catalog.torrents.name_of(V2) == V2
    for file in path.parent.glob("*.db"):
        db = sqlite3.connect(file)
        tables = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        for (table,) in tables.fetchall():
            rows = db.execute(f'SELECT * FROM "{table}"').fetchall()
            assert BOX.infohash not in str(rows), (file, table)
        db.close()


def test_short_names_mean_the_library_first(whole):
    whole.collection.remove(BOX.infohash)
    assert whole.torrents.names_like(BOX.infohash[:8]) == [BOX.infohash]
    assert whole.torrents.names_like(V2[:8]) == [BOX.infohash]
    near = metainfo("Near", ["1.mp3"], BOX.infohash[:8] + "0" * 32)
    whole.collection.add(source_of(near), near)
    assert whole.torrents.names_like(BOX.infohash[:8]) == [near.infohash]


def test_a_removal_that_was_cut_short_can_be_done_again(whole, path):
    """Killed after it was written down that it left, and before it had."""
    before = known(whole)
    whole.collection.remove(BOX.infohash)
    whole.close()
    left = path.with_name("catalog-left.db")
    kept = {file: file.read_bytes() for file in path.parent.glob("catalog-left.db*")}
    catalog = Catalog(path)
    catalog.collection.come_back(BOX.infohash)
    catalog.scans.keep_tags(BOX.infohash, 0, Tags(title="Later"))
    catalog.close()
    for file, data in kept.items():
        file.write_bytes(data)
    assert left in kept
    catalog = Catalog(path)
    assert known(catalog)[0] == before[0]
    after = known(catalog)
    assert after != before
    catalog.collection.remove(BOX.infohash)
    assert known(catalog) == after
    catalog.close()


def test_if_what_left_is_damaged_it_comes_back_as_what_left(path, caplog):
    source, info = read_with_magnet(TORRENT, None)
    first = Catalog(path)
    first.collection.add(source, info)
    first.collection.add(source_of(OTHER), OTHER)
    first.scans.keep_tags(info.infohash, 0, Tags(title="Said"))
    first.collection.remove(info.infohash)
    before = known(first, info.infohash)
    first.close()
    left = path.with_name("catalog-left.db")
    db = sqlite3.connect(left)
    sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'file'"
    (page,) = db.execute(sql).fetchone()
    db.close()
    data = bytearray(left.read_bytes())
    data[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    left.write_bytes(data)
    catalog = Catalog(path)
    assert catalog.torrents.metainfo(info.infohash) is None
    assert "catalog is damaged" in caplog.text
    assert catalog.recover(read_with_magnet) == 1
    assert known(catalog, info.infohash) == before
    assert [e.infohash for e in catalog.collection.inventory()] == [OTHER.infohash]
    catalog.close()
