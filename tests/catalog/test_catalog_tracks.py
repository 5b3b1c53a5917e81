from __future__ import annotations

import sqlite3
import threading

import pytest

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.catalog import schema as steps
from mopidy_vozduxan.catalog.torrent_rows import write_metainfo, write_source
from mopidy_vozduxan.torrent.tags import Part, Tags
from mopidy_vozduxan.torrent.uris import TrackUri
from tests.metainfos import metainfo, source_of

ALBUM = metainfo("Kino - Album (1988)", ["02 - Two.flac", "01 - One.flac", "x.jpg"])
RIP = metainfo("Kino - Rip", {"Rip.flac": 70_000_000, "Rip.cue": 1000})
NONE = threading.Event()


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.db")
    for info in (ALBUM, RIP):
        catalog.collection.add(source_of(info), info)
    yield catalog
    catalog.close()


def tracks(catalog, info=ALBUM):
    return [t for f in catalog.tracks.layout(info.infohash).folders for t in f.tracks]


def albums(catalog, info=ALBUM):
    return [f.album for f in catalog.tracks.layout(info.infohash).folders]


def test_names_fill_tracks_at_once(catalog):
    one, two = tracks(catalog)
    assert one.uri == TrackUri(ALBUM.infohash, 1)
    assert two.tags == Tags(
        title="Two",
        artists=("Kino",),
        album="Album",
        albumartists=("Kino",),
        date="1988",
        track_no=2,
        length_ms=1_000_000 * 8 // 700,
    )
    assert not two.length_known


def test_tags_win_over_names_and_what_they_leave_out_stays(catalog):
    tags = Tags(
        title="Pesnya",
        artists=("Viktor", "Yuri"),
        genre="Rock",
        composers=("V. Tsoi",),
        performers=("Band",),
        length_ms=123_456,
        bitrate=900,
        disc_no=1,
    )
    catalog.scans.keep_tags(ALBUM.infohash, 0, tags)
    one, two = tracks(catalog)
    assert two.length_known
    assert not one.length_known
    assert two.tags == Tags(
        title="Pesnya",
        artists=("Viktor", "Yuri"),
        album="Album",
        albumartists=("Kino",),
        composers=("V. Tsoi",),
        performers=("Band",),
        genre="Rock",
        date="1988",
        track_no=2,
        disc_no=1,
        length_ms=123_456,
        bitrate=900,
    )


def test_hostile_tags_are_made_fit(catalog):
    tags = Tags(
        title=" a\nb\udcff ",
        artists=("x\ny", "  "),
        date="2020/01/02",
        genre="",
        track_no=-3,
        disc_no=1 << 70,
        length_ms=0,
    )
    catalog.scans.keep_tags(ALBUM.infohash, 0, tags)
    _, two = tracks(catalog)
    assert (two.tags.title, two.tags.artists) == ("a b?", ("x y",))
    assert (two.tags.date, two.tags.genre, two.tags.disc_no) == ("1988", None, None)
    assert (two.tags.track_no, two.tags.length_ms) == (2, 11_428)
    assert not two.length_known


def test_an_album_is_called_what_most_of_its_tags_say(catalog):
    for index, album in enumerate(["Gruppa krovi", "Gruppa krovi"]):
        tags = Tags(album=album, albumartists=("KINO",), date="1988-05")
        catalog.scans.keep_tags(ALBUM.infohash, index, tags)
    (album,) = albums(catalog)
    assert (album.name, album.artists) == ("Gruppa krovi", ("KINO",))
    assert (album.date, album.track_count) == ("1988-05", 2)
    assert {t.tags.album for t in tracks(catalog)} == {"Gruppa krovi"}


def test_a_folder_of_tracks_from_everywhere_is_called_as_it_is(catalog):
    for index, album in enumerate(["This", "That"]):
        tags = Tags(album=album, artists=(album,), albumartists=(album,))
        catalog.scans.keep_tags(ALBUM.infohash, index, tags)
    (album,) = albums(catalog)
    assert (album.name, album.artists) == ("Album", ("Various Artists",))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ([("Kino",), ("Kino", "Guest")], ("Kino",)),
        ([("Kino",), ("Aria",)], ("Various Artists",)),
        ([("Kino",), ()], ()),
        ([(), ()], ()),
    ],
)
def test_an_album_is_by_who_is_on_most_of_its_tracks(catalog, said, shown):
    untold = metainfo("Untold", ["1.mp3", "2.mp3"])
    catalog.collection.add(source_of(untold), untold)
    for index, artists in enumerate(said):
        catalog.scans.keep_tags(untold.infohash, index, Tags(artists=artists))
    layout = catalog.tracks.layout(untold.infohash)
    assert layout.folders[0].album.artists == shown
    by = dict.fromkeys(name for names in said for name in names)
    assert sorted(catalog.search.all_artists()) == sorted({*by, "Kino"})


def test_tags_of_a_file_that_is_no_track_are_ignored(catalog):
    before = tracks(catalog)
    catalog.scans.keep_tags(ALBUM.infohash, 2, Tags(title="x"))
    catalog.scans.keep_tags("ab" * 20, 0, Tags(title="x"))
    assert tracks(catalog) == before


def test_read_tags_survive_being_added_again(catalog):
    catalog.scans.keep_tags(ALBUM.infohash, 0, Tags(title="New"))
    catalog.collection.add(source_of(ALBUM), ALBUM)
    assert [t.tags.title for t in tracks(catalog)] == ["One", "New"]


def test_what_was_not_read_is_asked_for_in_order_of_play(catalog):
    assert catalog.scans.unscanned(ALBUM.infohash) == [1, 0]
    catalog.scans.keep_tags(ALBUM.infohash, 1, Tags())
    assert catalog.scans.unscanned(ALBUM.infohash) == [0]
    catalog.scans.note_unreadable(ALBUM.infohash, 0)
    assert catalog.scans.unscanned(ALBUM.infohash) == []
    assert catalog.scans.unscanned_torrents(10) == [RIP.infohash]
    catalog.scans.scan_again(ALBUM.infohash)
    assert catalog.scans.unscanned(ALBUM.infohash) == [1, 0]
    assert catalog.scans.unscanned("ab" * 20) == []


def test_the_newest_torrents_are_asked_for_first(catalog, monkeypatch):
    later = metainfo("Later", ["1.mp3"])
    monkeypatch.setattr("time.time_ns", lambda: 5_000_000_000_000_000_000)
    catalog.collection.add(source_of(later), later)
    assert catalog.scans.unscanned_torrents(1) == [later.infohash]
    assert set(catalog.scans.unscanned_torrents(9)) == {
        *(i.infohash for i in (later, ALBUM, RIP))
    }


PARTS = (
    Part(1, 0, 75 * 60, Tags(title="First", artists=("Kino",))),
    Part(2, 75 * 60, 75 * 150, Tags(title="Second", artists=("Guest",))),
    Part(3, 75 * 150, None, Tags()),
)


def test_a_sheet_makes_a_file_its_parts(catalog):
    catalog.sheets.keep(RIP.infohash, 0, PARTS)
    found = tracks(catalog, RIP)
    assert [t.uri.part for t in found] == [1, 2, 3]
    assert [t.tags.title for t in found] == ["First", "Second", "Track 3"]
    assert [t.tags.track_no for t in found] == [1, 2, 3]
    assert [t.tags.length_ms for t in found] == [60_000, 90_000, 650_000]
    assert [t.length_known for t in found] == [True, True, False]
    assert albums(catalog, RIP)[0].track_count == 3
    part = catalog.sheets.part(RIP.infohash, 0, 2)
    assert (part.number, part.start, part.stop) == (2, 75 * 60, 75 * 150)
    assert catalog.sheets.part(RIP.infohash, 0, 3).stop is None
    assert catalog.sheets.part(RIP.infohash, 0, 4) is None
    assert catalog.sheets.part(ALBUM.infohash, 0, 0) is None


def test_while_its_file_is_unread_a_last_part_is_as_long_as_the_others(catalog):
    # Quiet music: by its size and the usual bit rate, the file ends before them.
    starts = [75 * 60 * minutes for minutes in (0, 20, 40)]
    stops = [*starts[1:], None]
    parts = [
        Part(number, start, stop, Tags())
        for number, (start, stop) in enumerate(zip(starts, stops, strict=True), 1)
    ]
    catalog.sheets.keep(RIP.infohash, 0, parts)
    *_, last = tracks(catalog, RIP)
    assert last.tags.length_ms == 20 * 60_000
    assert not last.length_known


def test_the_files_length_gives_the_last_parts_whichever_comes_first(catalog):
    tags = Tags(title="whole", length_ms=300_000, genre="Rock")
    catalog.sheets.keep(RIP.infohash, 0, PARTS)
    assert catalog.scans.unscanned(RIP.infohash) == [0]
    catalog.scans.keep_tags(RIP.infohash, 0, tags)
    assert catalog.scans.unscanned(RIP.infohash) == []
    after = tracks(catalog, RIP)
    catalog.sheets.keep(RIP.infohash, 0, PARTS)
    for found in (after, tracks(catalog, RIP)):
        assert found[2].tags.length_ms == 150_000
        assert found[2].length_known
        assert {t.tags.genre for t in found} == {"Rock"}
        assert found[0].tags.title == "First"


@pytest.mark.parametrize("sheet_first", [True, False])
def test_a_sheet_longer_than_the_sound_lists_what_is_there(catalog, sheet_first):
    tags = Tags(title="whole", length_ms=100_000)
    if sheet_first:
        catalog.sheets.keep(RIP.infohash, 0, PARTS)
    catalog.scans.keep_tags(RIP.infohash, 0, tags)
    if not sheet_first:
        catalog.sheets.keep(RIP.infohash, 0, PARTS)
    found = tracks(catalog, RIP)
    assert [t.tags.title for t in found] == ["First", "Second"]
    assert [t.tags.length_ms for t in found] == [60_000, 40_000]
    assert catalog.sheets.part(RIP.infohash, 0, 2).stop is None
    assert albums(catalog, RIP)[0].track_count == 2


def test_a_length_that_turns_out_to_be_longer_brings_the_parts_back(catalog):
    catalog.sheets.keep(RIP.infohash, 0, PARTS)
    catalog.scans.keep_tags(RIP.infohash, 0, Tags(length_ms=100_000))
    catalog.scans.scan_again(RIP.infohash)
    catalog.sheets.keep(RIP.infohash, 0, PARTS)
    catalog.scans.keep_tags(RIP.infohash, 0, Tags(length_ms=300_000))
    lengths = [t.tags.length_ms for t in tracks(catalog, RIP)]
    assert lengths == [60_000, 90_000, 150_000]


def test_genres_are_one_by_one(catalog):
    catalog.scans.keep_tags(RIP.infohash, 0, Tags(genre="Rock; Jazz"))
    assert tracks(catalog, RIP)[0].tags.genre == "Rock; Jazz"
    search = catalog.search
    assert {"Rock", "Jazz"} <= search.distinct("genre", {})
    for wanted in ("Rock", "Jazz", "Rock; Jazz"):
        found = search.tracks({"genre": [wanted]}, None, True, 9)
        assert [t.uri.infohash for t in found] == [RIP.infohash], wanted
    assert search.tracks({"genre": ["Roc"]}, None, True, 9) == []


def test_playlists_are_kept_and_leave_with_their_torrent(catalog):
    uris = (str(TrackUri(ALBUM.infohash, 0)), str(TrackUri(ALBUM.infohash, 1)))
    catalog.playlists.keep(ALBUM.infohash, 2, "Mine", uris)
    found = catalog.playlists.get(ALBUM.infohash, 2)
    assert (found.name, found.tracks) == ("Mine", uris)
    assert [(one.uri, one.name) for one in catalog.playlists.all()] == [
        (found.uri, "Mine")
    ]
    catalog.collection.remove(ALBUM.infohash)
    assert catalog.playlists.all() == []
    assert catalog.playlists.get(ALBUM.infohash, 2) is None


def test_nothing_is_left_of_a_removed_torrent(catalog, tmp_path):
    for info in (ALBUM, RIP):
        catalog.collection.remove(info.infohash)
    db = sqlite3.connect(tmp_path / "catalog.db")
    for table in ("torrent", "file", "album", "track", "words", "playlist"):
        assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    db.close()


def old_catalog(path):
    db = sqlite3.connect(path)
    db.executescript(f"{steps.STEPS[0]} PRAGMA user_version = 1;")
    for info in (ALBUM, RIP):
        write_source(db, info.infohash, source_of(info))
        write_metainfo(db, info)
    db.commit()
    db.close()


def test_an_older_catalog_gets_its_tracks_in_the_background(tmp_path):
    old_catalog(tmp_path / "old.db")
    catalog = Catalog(tmp_path / "old.db")
    catalog.complete(NONE)
    assert [t.tags.title for t in tracks(catalog)] == ["One", "Two"]
    assert len(catalog.scans.unscanned_torrents(9)) == 2
    catalog.close()


def test_an_older_catalog_answers_before_that(tmp_path):
    old_catalog(tmp_path / "old.db")
    catalog = Catalog(tmp_path / "old.db")
    assert [t.tags.title for t in tracks(catalog)] == ["One", "Two"]
    assert catalog.scans.unscanned_torrents(9) == [ALBUM.infohash]
    catalog.close()


def test_an_older_catalog_shows_what_counts_as_tracks_since_then(tmp_path):
    path = tmp_path / "old.db"
    mixed = metainfo("Mixed", ["1.flac", "film.mkv", "Disc/x.iso"])
    film = metainfo("Film", ["film.mp4"])
    catalog = Catalog(path)
    for info in (mixed, film, RIP):
        catalog.collection.add(source_of(info), info)
    catalog.scans.keep_tags(RIP.infohash, 0, Tags(title="Kept", length_ms=9))
    catalog.close()
    with sqlite3.connect(path) as db:  # as an older version left it
        ids = "SELECT id FROM album WHERE infohash = ?"
        db.execute(f"DELETE FROM track WHERE album IN ({ids})", (film.infohash,))
        db.execute("DELETE FROM album WHERE infohash = ?", (film.infohash,))
        db.execute(
            "UPDATE torrent SET folder_count = 0 WHERE infohash = ?", (film.infohash,)
        )
        db.execute(
            f"DELETE FROM track WHERE idx = 1 AND album IN ({ids})", (mixed.infohash,)
        )
        db.execute("PRAGMA user_version = 4")
    db.close()
    catalog = Catalog(path)
    catalog.complete(threading.Event())
    assert [t.tags.title for t in tracks(catalog, mixed)] == ["1", "film"]
    assert [t.tags.title for t in tracks(catalog, film)] == ["film"]
    assert [t.tags.title for t in tracks(catalog, RIP)] == ["Kept"]
    assert catalog.scans.unscanned(RIP.infohash) == [0], "it is read again"
    catalog.close()
