"""What is kept, whoever names it, and what a name means."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.exceptions import BadInput, NoSuchFile, NoSuchTorrent
from mopidy_vozduxan.keeping import which_keep
from mopidy_vozduxan.keeping.kept_files import KeptFiles, including
from mopidy_vozduxan.naming.files_named import files_named
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile, TorrentSource
from mopidy_vozduxan.torrent.uris import AlbumUri, TrackUri

ONE, TWO, BARE = "ab" * 20, "abab" + "cd" * 18, "ee" * 20
V2 = "12" * 32


def torrent(name, infohash, *paths):
    files = tuple(
        TorrentFile(i, f"{name}/{path}", i * 100, 100, padding=".pad" in path)
        for i, path in enumerate(paths)
    )
    return Metainfo(infohash, name, 100, 100 * len(files), files)


SINGLE = torrent("Single", ONE, "1.flac", "2.flac", "cover.jpg")
SEVERAL = torrent(
    "Several",
    TWO,
    "First/1.flac",
    "First/Scans/front.jpg",
    "First/.pad/7",
    "Second/1.flac",
    "Second/Third/2.flac",
    "notes.txt",
)


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.db")
    for metainfo in (SINGLE, SEVERAL):
        catalog.collection.add(TorrentSource(metainfo.infohash, b"", None), metainfo)
    yield catalog
    catalog.close()


@pytest.fixture
def disk(tmp_path):
    return DiskStore(tmp_path / "torrents", tmp_path / "resume")


def indexes(metainfo, keep):
    return [file.index for file in files_named(metainfo, keep)]


def test_an_album_has_what_lies_below_its_folder_and_in_no_other_album():
    assert indexes(SINGLE, AlbumUri(ONE)) == [0, 1, 2]
    assert indexes(SEVERAL, AlbumUri(TWO)) == [0, 1, 3, 4, 5]
    assert indexes(SEVERAL, AlbumUri(TWO, 0)) == [0, 1]
    assert indexes(SEVERAL, AlbumUri(TWO, 1)) == [3]
    assert indexes(SEVERAL, AlbumUri(TWO, 2)) == [4]
    assert indexes(SEVERAL, TrackUri(TWO, 5)) == [5]
    for nothing in (AlbumUri(TWO, 3), TrackUri(TWO, 2), TrackUri(TWO, 6)):
        with pytest.raises(NoSuchFile):
            files_named(SEVERAL, nothing)


def test_an_album_in_the_torrents_root_owns_what_no_other_album_has():
    metainfo = torrent("Root", ONE, "1.flac", "art/x.jpg", "Bonus/2.flac")
    assert indexes(metainfo, AlbumUri(ONE, 0)) == [0, 1]
    assert indexes(metainfo, AlbumUri(ONE, 1)) == [2]


def test_what_is_kept_is_called_as_listeners_know_it(catalog, disk):
    for keep in (AlbumUri(TWO), AlbumUri(TWO, 2), TrackUri(TWO, 4)):
        catalog.keeps.add(keep)
    names = [one.name for one in KeptFiles(catalog, disk).look()]
    assert sorted(names) == ["2.flac", "Several", "Third"]


@pytest.mark.parametrize(
    ("text", "keep"),
    [
        (ONE, AlbumUri(ONE)),
        ("ababc", AlbumUri(TWO)),
        ("SEVERAL", AlbumUri(TWO)),
        (" third ", AlbumUri(TWO, 2)),
        (f"vozduxan:album:{TWO}:1", AlbumUri(TWO, 1)),
        (f"vozduxan:directory:{TWO}", AlbumUri(TWO)),
        (f"vozduxan:track:{ONE}:1:4", TrackUri(ONE, 1)),
        (f"magnet:?xt=urn:btih:{ONE}", AlbumUri(ONE)),
    ],
)
def test_a_text_names_a_torrent_an_album_or_a_track(catalog, disk, text, keep):
    assert which_keep.find(catalog, disk, text) == keep


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("abab", BadInput),  # two begin so
        ("Nobody's", NoSuchTorrent),
        ("de" * 20, NoSuchTorrent),
        (f"vozduxan:album:{'de' * 20}", NoSuchTorrent),
        (f"vozduxan:album:{ONE}:7", NoSuchFile),
        ("vozduxan:directory:root", BadInput),
        ("vozduxan:artist:Her", BadInput),
        ("vozduxan:nonsense", BadInput),
    ],
)
def test_a_text_that_names_nothing_or_several_is_refused(catalog, disk, text, error):
    with pytest.raises(error):
        which_keep.find(catalog, disk, text)


def test_a_name_that_two_have_is_refused_with_both(catalog, disk):
    again = replace(SINGLE, infohash=BARE)
    catalog.collection.add(TorrentSource(BARE, b"", None), again)
    with pytest.raises(BadInput, match=f"(?s){ONE}.*{BARE}|{BARE}.*{ONE}"):
        which_keep.find(catalog, disk, "single")


def test_keeps_survive_a_restart(catalog, disk, tmp_path):
    for keep in (AlbumUri(TWO, 0), TrackUri(ONE, 1), TrackUri(ONE, 1)):
        catalog.keeps.add(keep)
    catalog.close()
    again = Catalog(tmp_path / "catalog.db")
    kept = KeptFiles(again, disk)
    assert [one.keep for one in kept.look()] == [AlbumUri(TWO, 0), TrackUri(ONE, 1)]
    held = [(i, n) for i in (ONE, TWO) for n in range(6) if kept.holds(i, n)]
    assert held == [(ONE, 1), (TWO, 0), (TWO, 1)]
    assert kept.holds(ONE, -1)
    assert not kept.holds(BARE, -1)
    assert again.keeps.remove(TrackUri(ONE, 1))
    assert not again.keeps.remove(TrackUri(ONE, 1))
    kept.look()
    assert not kept.holds(ONE, 1)
    assert kept.torrents() == {TWO}
    again.close()


def test_before_anybody_has_looked_everything_counts_as_kept(catalog, disk):
    kept = KeptFiles(catalog, disk)
    assert kept.holds(ONE, 0)
    kept.look()
    assert not kept.holds(ONE, 0)


def test_a_torrent_is_kept_whole_before_its_files_are_known(catalog, disk):
    magnet = f"magnet:?xt=urn:btih:{BARE}&dn=Later"
    catalog.collection.add(TorrentSource(BARE, None, magnet, "Later"), None)
    catalog.keeps.add(AlbumUri(BARE))
    kept = KeptFiles(catalog, disk)
    (one,) = kept.look()
    assert (one.name, one.size, one.files) == ("Later", None, ())
    assert kept.holds(BARE, 99)


def test_a_keep_follows_its_torrent_to_another_name(catalog, disk):
    """A hybrid's magnet link may hold only its v2 hash."""
    catalog.collection.add(TorrentSource(V2, None, "magnet:?x", None), None)
    catalog.keeps.add(AlbumUri(V2))
    hybrid = torrent("Hybrid", BARE, "1.flac")
    catalog.collection.learn(TorrentSource(V2, b"", None), hybrid)
    kept = KeptFiles(catalog, disk)
    (one,) = kept.look()
    assert one.keep == AlbumUri(BARE)
    assert kept.holds(BARE, 0)
    assert kept.holds(V2, 0)
    assert not kept.holds(BARE, 1)
    assert catalog.keeps.remove(AlbumUri(BARE))
    assert catalog.keeps.all() == []


def test_the_configuration_keeps_too_and_says_what_it_does_not_know(
    catalog, disk, caplog
):
    named = ("single", f"vozduxan:album:{TWO}:0", "Nobody's", TWO[:6])
    kept = KeptFiles(catalog, disk, named)
    with caplog.at_level(logging.WARNING):
        kept.look()
        found = kept.look()
    keeps = [AlbumUri(ONE), AlbumUri(TWO, 0), AlbumUri(TWO)]
    assert [one.keep for one in found] == keeps
    assert all(one.configured for one in found)
    assert [record.message for record in caplog.records] == [
        "Vozduxan: vozduxan/keep: No torrent or album is called “Nobody's”."
    ]


def test_what_includes_a_keep_is_found(catalog, disk):
    catalog.keeps.add(AlbumUri(TWO))
    found = including(KeptFiles(catalog, disk).look(), TrackUri(TWO, 3))
    assert found is not None
    assert found.keep == AlbumUri(TWO)


def test_a_keep_stays_while_its_torrent_is_out_of_the_library(catalog, disk):
    catalog.keeps.add(AlbumUri(ONE))
    catalog.collection.remove(ONE)
    kept = KeptFiles(catalog, disk)
    (one,) = kept.look()
    assert not one.in_library
    assert kept.holds(ONE, 0)
    catalog.keeps.remove_torrent([ONE])
    assert kept.look() == ()
