from __future__ import annotations

import hashlib
import sqlite3
import threading

import pytest

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.parsing import read_with_magnet
from mopidy_vozduxan.naming.magnet_links import read_magnet
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from mopidy_vozduxan.torrent.tags import Part, Tags
from tests.torrent_files import multi_file

PAGE = 4096
COUNT = 120
TORRENTS = [
    multi_file(f"Artist {n} - Album {n}", {"1 - One.mp3": b"1", "2 - Two.mp3": b"2"})
    for n in range(COUNT)
]
READ = [read_with_magnet(torrent, None) for torrent in TORRENTS]
LINK = TorrentSource("ab" * 20, None, "magnet:?xt=urn:btih:" + "ab" * 20, "Later")


@pytest.fixture
def path(tmp_path):
    """A catalog in which all tags were read."""
    path = tmp_path / "catalog.db"
    catalog = Catalog(path)
    catalog.collection.add_all((source, info, None) for source, info in READ)
    catalog.collection.add(LINK, None)
    for number, (_, info) in enumerate(READ):
        catalog.scans.keep_tags(info.infohash, 0, Tags(title=f"Title {number}"))
    first = READ[0][1].infohash
    parts = [Part(1, 0, 75, Tags(title="A")), Part(2, 75, None, Tags(title="B"))]
    catalog.sheets.keep(first, 1, parts)
    catalog.playlists.keep(first, 9, "Mine", [f"vozduxan:track:{first}:0"])
    catalog.torrents.also_call("cd" * 32, first)
    catalog.close()
    return path


def spoil(path, pages):
    data = bytearray(path.read_bytes())
    for page in pages:
        data[page * PAGE : (page + 1) * PAGE] = b"\xff" * PAGE
    path.write_bytes(data)


def sha1(number):
    return hashlib.sha1(b"%d" % number).hexdigest()


def pages_of(path, table):
    """Where the rows of a table are, without the page that leads to them."""
    db = sqlite3.connect(path)
    (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,))
    db.close()
    return root[0] - 1


def titles(catalog, number):
    layout = catalog.tracks.layout(READ[number][1].infohash)
    return [t.tags.title for f in layout.folders for t in f.tracks]


def damaged_by_use(catalog):
    """Have the damage noticed, as a listener would; what is left is empty."""
    catalog.collection.summaries()
    catalog.search.tracks({"any": ["one"]}, None, False, 5000)
    for _, info in READ:
        catalog.tracks.layout(info.infohash)


def test_all_of_a_file_whose_index_is_damaged_comes_back(path, caplog):
    spoil(path, [pages_of(path, "torrent")])
    catalog = Catalog(path)
    damaged_by_use(catalog)
    assert catalog.collection.summaries() == []
    assert catalog.recover(read_with_magnet) >= COUNT
    assert len(catalog.collection.summaries()) == COUNT
    assert titles(catalog, 7) == ["Title 7", "Two"]
    assert titles(catalog, 0) == ["Title 0", "A", "B"]
    first = READ[0][1].infohash
    assert catalog.scans.unscanned(first) == [1]
    assert [p.name for p in catalog.playlists.all()] == ["Mine"]
    assert catalog.torrents.name_of("cd" * 32) == first
    assert len(catalog.search.tracks({"any": ["title"]}, None, False, 500)) == COUNT
    assert catalog.recover(read_with_magnet) == 0
    assert caplog.text.count("catalog is damaged") == 1
    catalog.close()


def test_magnets_and_the_day_they_came_come_back(path):
    db = sqlite3.connect(path)
    db.execute("UPDATE torrent SET added_ms = 12345")
    db.commit()
    db.close()
    spoil(path, [pages_of(path, "track")])
    catalog = Catalog(path)
    damaged_by_use(catalog)
    catalog.recover(read_with_magnet)
    assert catalog.torrents.source(LINK.infohash) == LINK
    assert {t.added_ms for t in catalog.collection.summaries()} == {12345}
    assert titles(catalog, 7) == ["One", "Two"]  # the names still know
    catalog.close()


def spoil_here_and_there(path, pages):
    spoil(path, range(pages // 4, pages, 13))  # the first ones lead to the others


def cut_short(path, pages):
    path.write_bytes(path.read_bytes()[: pages * 3 // 4 * PAGE])


@pytest.mark.parametrize("damage", [spoil_here_and_there, cut_short])
def test_what_lies_between_damage_comes_back(tmp_path, damage):
    """All that follows it in the order of infohashes was lost, or all there is."""
    path = tmp_path / "catalog.db"
    catalog = Catalog(path)
    links = [read_magnet(f"magnet:?xt=urn:btih:{sha1(n)}") for n in range(3000)]
    catalog.collection.add_all((link, None, None) for link in links)
    catalog.close()
    damage(path, path.stat().st_size // PAGE)
    catalog = Catalog(path)
    catalog.collection.inventory()
    catalog.recover(read_with_magnet)
    back = {entry.infohash for entry in catalog.collection.inventory()}
    assert back <= {link.infohash for link in links}
    assert len(back) > len(links) * 2 // 3
    catalog.close()


@pytest.mark.parametrize("every", [2, 5, 11])
def test_whatever_is_damaged_nothing_wrong_comes_back(path, every):
    size = path.stat().st_size // PAGE
    spoil(path, range(1, size, every))
    catalog = Catalog(path)
    damaged_by_use(catalog)
    catalog.recover(read_with_magnet)
    known = {info.infohash: info for _, info in READ}
    for torrent in catalog.collection.summaries():
        assert catalog.torrents.metainfo(torrent.infohash) == known[torrent.infohash]
        assert catalog.torrents.source(torrent.infohash).torrent in TORRENTS
    catalog.close()


def test_the_bytes_of_another_torrent_are_not_believed(path):
    db = sqlite3.connect(path)
    db.execute("UPDATE metadata SET torrent = ?", (TORRENTS[0],))
    db.commit()
    db.close()
    spoil(path, [pages_of(path, "words_data")])
    catalog = Catalog(path)
    damaged_by_use(catalog)
    catalog.recover(read_with_magnet)
    assert [t.infohash for t in catalog.collection.summaries()] == [READ[0][1].infohash]
    catalog.close()


def test_a_file_that_was_never_a_catalog_gives_nothing(tmp_path):
    (tmp_path / "catalog.db").write_bytes(b"no database " * 1000)
    catalog = Catalog(tmp_path / "catalog.db")
    assert catalog.recover(read_with_magnet) == 0
    assert catalog.collection.summaries() == []
    catalog.close()


def test_many_who_meet_the_damage_at_once_set_one_file_aside(path, caplog):
    spoil(path, [pages_of(path, "torrent"), pages_of(path, "album")])
    catalog = Catalog(path)
    replaced = []
    catalog.on_damaged = lambda: replaced.append(1)
    threads = [threading.Thread(target=damaged_by_use, args=[catalog]) for _ in "1234"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replaced == [1]
    assert caplog.text.count("catalog is damaged") == 1
    catalog.close()
