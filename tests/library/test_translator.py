from __future__ import annotations

import re
import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.catalog import TorrentSummary
from mopidy_vozduxan.catalog.entries import read_layout
from mopidy_vozduxan.catalog.schema import migrate
from mopidy_vozduxan.catalog.torrent_rows import write_metainfo, write_source
from mopidy_vozduxan.catalog.track_rows import write_names
from mopidy_vozduxan.library import translator
from mopidy_vozduxan.torrent.layout import Album, Unresolved
from mopidy_vozduxan.torrent.uris import AlbumUri
from tests.metainfos import metainfo, source_of

ADDED_MS = 1_700_000_000_000


def layout(name, files):
    info = metainfo(name, files)
    db = sqlite3.connect(":memory:")
    migrate(db)
    write_source(db, info.infohash, source_of(info))
    db.execute("UPDATE torrent SET added_ms = ?", (ADDED_MS,))
    write_metainfo(db, info)
    write_names(db, info)
    return read_layout(db, info.infohash)


def all_tracks(laid):
    return [t for folder in laid.folders for t in translator.tracks(folder.tracks)]


def test_a_track_tells_what_its_names_tell():
    laid = layout("Kino - Album (1988) [FLAC]", {"02 - Song.flac": 7_000_000})
    (track,) = all_tracks(laid)
    infohash = laid.metainfo.infohash
    assert track.uri == f"vozduxan:track:{infohash}:0"
    assert track.name == "Song"
    assert track.track_no == 2
    assert track.date == "1988"
    assert track.length == 80_000
    assert track.last_modified == ADDED_MS
    assert [a.name for a in track.artists] == ["Kino"]
    assert [a.uri for a in track.artists] == ["vozduxan:artist:Kino"]
    assert track.album.uri == f"vozduxan:album:{infohash}"
    assert track.album.name == "Album"
    assert track.album.num_tracks == 1
    assert [a.name for a in track.album.artists] == ["Kino"]


def test_every_file_says_its_own_artist_in_a_compilation():
    laid = layout("VA - Hits", ["01 - Kino - A.mp3", "02 - Aria - B.mp3"])
    assert [[a.name for a in t.artists] for t in all_tracks(laid)] == [
        ["Kino"],
        ["Aria"],
    ]
    (artist,) = all_tracks(laid)[0].album.artists
    assert artist.name == "Various Artists"


def test_tracks_are_in_natural_order_with_their_file_index():
    laid = layout("T", ["10.mp3", "9.mp3", "cover.jpg", "1.mp3"])
    assert [t.uri.rpartition(":")[2] for t in all_tracks(laid)] == ["3", "1", "0"]


def test_a_torrent_with_one_folder_of_audio_is_an_album():
    laid = layout("T", ["CD/1.mp3", "Scans/1.jpg"])
    assert str(laid.uri) == f"vozduxan:album:{laid.metainfo.infohash}"
    assert {t.album.uri for t in all_tracks(laid)} == {str(laid.uri)}


def test_a_torrent_with_several_folders_is_a_directory_of_albums():
    laid = layout("Kino - All", ["2001 - B/1.mp3", "1999 - A/1.mp3", "0.mp3"])
    infohash = laid.metainfo.infohash
    assert str(laid.uri) == f"vozduxan:directory:{infohash}"
    refs = translator.folder_refs(laid)
    assert [(r.uri, r.name, r.type) for r in refs] == [
        (f"vozduxan:album:{infohash}:0", "Kino - All", "album"),
        (f"vozduxan:album:{infohash}:1", "1999 - A", "album"),
        (f"vozduxan:album:{infohash}:2", "2001 - B", "album"),
    ]
    tracks = all_tracks(laid)
    assert [t.album.uri for t in tracks] == [r.uri for r in refs]
    assert [t.album.name for t in tracks] == ["All", "A", "B"]
    assert [t.date for t in tracks] == [None, "1999", "2001"]
    # The artist stands in the torrent's name alone.
    assert {a.name for t in tracks for a in t.artists} == {"Kino"}


def test_folder_numbers_do_not_depend_on_the_order_of_files():
    files = ["B/1.mp3", "A/1.mp3", "A 2/1.mp3", "A 10/1.mp3"]
    paths = [
        [folder.path for folder in layout("T", order).folders]
        for order in (files, files[::-1])
    ]
    assert paths[0] == paths[1] == ["T/A", "T/A 2", "T/A 10", "T/B"]


def test_discs_are_named_after_their_album():
    laid = layout("Artist - Box (1999)", ["CD1/01 A.flac", "CD2/01 B.flac"])
    assert [(t.album.name, t.disc_no) for t in all_tracks(laid)] == [
        ("Box (CD1)", 1),
        ("Box (CD2)", 2),
    ]


def test_a_torrent_of_one_file_has_no_extension_in_its_name():
    laid = layout("Artist - Song.mp3", ["Artist - Song.mp3"])
    (track,) = all_tracks(laid)
    assert (track.name, track.album.name) == ("Song", "Song")
    assert [a.name for a in track.artists] == ["Artist"]


def test_torrents_are_listed_in_natural_order_with_unique_names():
    names = ["T 10", "T 2", "t 2", "T 2", "AC/DC\nlive"]
    listed = [
        TorrentSummary(f"{n:040x}", name, n, 0) for n, name in enumerate(names, 1)
    ]
    refs = translator.torrent_refs(listed[::-1])
    assert [r.name for r in refs] == ["AC-DC live", "T 2", "t 2", "T 2 [2]", "T 10"]
    assert refs[-1].uri == f"vozduxan:album:{1:040x}"
    assert refs[1].uri == f"vozduxan:directory:{2:040x}"


def test_no_torrent_is_called_as_a_view():
    refs = translator.torrent_refs([TorrentSummary("ab" * 20, "Albums", 1, 0)])
    assert [r.name for r in refs] == ["Albums [2]"]


def test_discs_whose_tags_name_them_alike_say_their_folder():
    albums = [
        Album(AlbumUri("ab" * 20, 0), "Box/CD 1", "Box", ("Queen",), None, 1),
        Album(AlbumUri("ab" * 20, 1), "Box/CD 2", "Box", ("Queen",), None, 1),
        Album(AlbumUri("cd" * 20), "Box", "Box", ("ABBA",), None, 1),
    ]
    assert [r.name for r in translator.album_refs(albums)] == [
        *["Box (CD 1)", "Box (CD 2)", "Box (ABBA)"]
    ]


def test_albums_of_equal_name_say_their_artist():
    uris = [AlbumUri(f"{n:040x}") for n in range(4)]
    albums = [
        Album(uris[0], "", "Hits", ("Queen",), None, 1),
        Album(uris[1], "", "Hits", ("ABBA", "AC/DC"), None, 1),
        Album(uris[2], "", "Hits", (), None, 1),
        Album(uris[3], "", "Live", ("Queen",), None, 1),
    ]
    assert [r.name for r in translator.album_refs(albums)] == [
        *["Hits (Queen)", "Hits (ABBA, AC-DC)", "Hits", "Live"]
    ]


def test_tracks_of_equal_name_stay_apart():
    laid = layout("T", ["1.mp3", "1.flac"])
    refs = translator.track_refs(laid, laid.folders[0])
    assert [r.name for r in refs] == ["1", "1 [2]"]


def test_what_stands_for_an_unresolved_magnet_has_a_name():
    stand_ins = [Unresolved("magnet:?x", "a\udcff"), Unresolved("magnet:?x", "")]
    assert [t.name for t in translator.tracks(stand_ins)] == ["a?", "magnet:?x"]


def test_every_track_and_album_has_an_artist_and_an_unknown_one_has_no_uri():
    (track,) = all_tracks(layout("Untagged", ["1.mp3"]))
    (stand_in,) = translator.tracks([Unresolved("magnet:?x", "Late")])
    for artists in (track.artists, track.album.artists, stand_in.artists):
        (artist,) = artists
        assert (artist.name, artist.uri) == ("Unknown Artist", None)


def test_a_directory_has_no_percent_sign_in_its_name():
    # Iris goes black on one.
    listed = [TorrentSummary(f"{n:040x}", "100% Hits", n, 0) for n in (1, 2)]
    refs = translator.torrent_refs(listed)
    assert [(r.type, r.name) for r in refs] == [
        ("album", "100% Hits"),
        ("directory", "100\N{FULLWIDTH PERCENT SIGN} Hits [2]"),
    ]


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_any_torrent_gives_valid_models(name, folder, file):
    laid = layout(name, [f"{folder}/{file}.mp3", "CD1/1.mp3"])
    for track in all_tracks(laid):
        said = [track.name, track.album.name, track.uri, track.album.uri]
        assert track.artists and track.album.artists
        said += [a.name for a in [*track.artists, *track.album.artists]]
        said += [a.uri for a in track.artists if a.uri]
        for text in said:
            assert text
            assert text.encode("utf-8")
            assert "\n" not in text
        assert track.date is None or re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", track.date)
        assert track.length > 0
