from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.naming.album_names import AlbumName, album_name
from mopidy_vozduxan.naming.names import (
    clean,
    disc_of_folder,
    natural_key,
    natural_path_key,
    unique,
)
from mopidy_vozduxan.naming.placeholders import has_title
from mopidy_vozduxan.naming.track_names import Style, TrackName, style_of, track_name

ALONE = [
    # path, title, artist, track, disc
    ("01 - Artist - Title.flac", "Title", "Artist", 1, None),
    ("01 - Artist - Title (B) - Live.mp3", "Title (B) - Live", "Artist", 1, None),
    ("01. Title.mp3", "Title", None, 1, None),
    ("01.Title.mp3", "Title", None, 1, None),
    ("1.Title.mp3", "Title", None, 1, None),
    ("3 - Title.mp3", "Title", None, 3, None),
    ("01 Title.mp3", "Title", None, 1, None),
    ("[01] Title.mp3", "Title", None, 1, None),
    ("(02) Title.mp3", "Title", None, 2, None),
    ("01) Title.mp3", "Title", None, 1, None),
    ("01-Title.mp3", "Title", None, 1, None),
    ("01_title.ogg", "title", None, 1, None),
    ("001 Chapter One.m4b", "Chapter One", None, 1, None),
    ("01 – Artist – Title.mp3", "Title", "Artist", 1, None),
    ("1-02 Title.flac", "Title", None, 2, 1),
    ("2-11 - Title.flac", "Title", None, 11, 2),
    ("1.05. Title.flac", "Title", None, 5, 1),
    ("01-02 Title.flac", "Title", None, 2, 1),
    ("CD1-02 - Title.flac", "Title", None, 2, 1),
    ("d1t02. Title.flac", "Title", None, 2, 1),
    ("Disc 2 - 03 - Title.flac", "Title", None, 3, 2),
    ("Box/Disc 2/03 Title.flac", "Title", None, 3, 2),
    ("Box/CD02/03 Title.flac", "Title", None, 3, 2),
    ("Album (CD1)/03. Title.flac", "Title", None, 3, 1),
    ("Album [Disc 2]/03. Title.flac", "Title", None, 3, 2),
    ("Альбом/Диск 2/03. Песня.flac", "Песня", None, 3, 2),
    ("Artist - Album - 03 - Title.flac", "Title", "Artist", 3, None),
    ("Artist - 03 - Title.flac", "Title", "Artist", 3, None),
    ("Artist - 03. Title.flac", "Title", "Artist", 3, None),
    ("Artist - 03 Title.flac", "Title", "Artist", 3, None),
    ("Artist - Title.mp3", "Title", "Artist", None, None),
    ("Artist_-_Some_Title.mp3", "Some Title", "Artist", None, None),
    ("01-nirvana-come_as_you_are.mp3", "come as you are", "nirvana", 1, None),
    ("02. Кино - Группа крови.mp3", "Группа крови", "Кино", 2, None),
    ("01　夜に駆ける.flac", "夜に駆ける", None, 1, None),
    ("03. Für Elise.flac", "Für Elise", None, 3, None),
    ("04 - أم كلثوم - إنت عمري.mp3", "إنت عمري", "أم كلثوم", 4, None),
    ("07.flac", "07", None, 7, None),
    # What only looks like a number stays in the title.
    ("01.Mr. Brightside.mp3", "Mr. Brightside", None, 1, None),
    ("01...Baby One More Time.mp3", "...Baby One More Time", None, 1, None),
    ("99 Problems.mp3", "99 Problems", None, None, None),
    ("Jay-Z - 99 Problems.mp3", "99 Problems", "Jay-Z", None, None),
    ("10.15 Saturday Night.mp3", "10.15 Saturday Night", None, None, None),
    ("(500) Days.mp3", "(500) Days", None, None, None),
    ("20-20 Vision.mp3", "20-20 Vision", None, None, None),
    ("4-Ever.mp3", "4-Ever", None, None, None),
    ("1979.flac", "1979", None, None, None),
    ("D12 Party.mp3", "D12 Party", None, None, None),
    ("A1. Vinyl.flac", "A1. Vinyl", None, None, None),
    ("St. Anger.mp3", "St. Anger", None, None, None),
    (".mp3", ".mp3", None, None, None),
    ("-.mp3", "-", None, None, None),
]


@pytest.mark.parametrize(("path", "title", "artist", "track_no", "disc_no"), ALONE)
def test_a_file_name_tells(path, title, artist, track_no, disc_no):
    assert track_name(path) == TrackName(title, artist, track_no, disc_no)


def test_neighbours_tell_that_a_number_before_a_blank_counts():
    paths = ["1 Intro.mp3", "2 Song.mp3", "99 Problems.mp3"]
    style = style_of(paths)
    assert [track_name(path, style).track_no for path in paths] == [1, 2, 99]
    assert track_name(paths[2], style).title == "Problems"


def test_one_number_among_many_titles_is_a_title():
    style = style_of(["Intro.mp3", "Song.mp3", "99 Problems.mp3"])
    assert track_name("99 Problems.mp3", style).title == "99 Problems"


def test_a_dash_in_some_titles_makes_no_artist():
    style = style_of(["01 - Polly.mp3", "02 - About a Girl - Live.mp3"])
    named = track_name("02 - About a Girl - Live.mp3", style)
    assert (named.artist, named.title) == (None, "About a Girl - Live")


def test_what_follows_every_title_is_no_title():
    style = style_of(["01 - Polly - Live.mp3", "02 - Dumb - Live.mp3"])
    named = track_name("02 - Dumb - Live.mp3", style)
    assert (named.artist, named.title) == (None, "Dumb - Live")


def test_a_compilation_has_an_artist_in_every_name():
    style = style_of(["01 - Kino - Song.mp3", "02 - Aria - Other.mp3"])
    assert track_name("02 - Aria - Other.mp3", style).artist == "Aria"


def test_decomposed_names_are_composed():
    decomposed = unicodedata.normalize("NFD", "01. Café Й.mp3")
    assert track_name(decomposed).title == unicodedata.normalize("NFC", "Café Й")


@given(st.text(), st.builds(Style, st.booleans(), st.booleans(), st.booleans()))
def test_any_name_has_a_clean_title(path, style):
    title = track_name(path, style).title
    assert title
    assert title == clean(title)


@given(st.text(alphabet="aé1290 .,_-–()[]{}FLAC"))
def test_any_folder_name_has_a_clean_album(name):
    said = album_name(name)
    assert said.album
    assert said.album == clean(said.album)


ALBUMS = [
    ("Artist - 2001 - Album", "Album", "Artist", "2001"),
    ("Artist - Album (2001) [FLAC]", "Album", "Artist", "2001"),
    ("Artist - Album [WEB] (2019) {24bit-44.1kHz}", "Album", "Artist", "2019"),
    ("Artist - Album 2001 FLAC", "Album", "Artist", "2001"),
    ("Artist_-_Album_(2003)", "Album", "Artist", "2003"),
    ("Artist - Album - Part Two", "Album - Part Two", "Artist", None),
    ("2001 - Album", "Album", None, "2001"),
    ("2001 - Artist - Album", "Album", "Artist", "2001"),
    ("1991. Nevermind", "Nevermind", None, "1991"),
    ("[1991] Nevermind", "Nevermind", None, "1991"),
    ("(1991) Nevermind", "Nevermind", None, "1991"),
    ("Кино - Группа крови - 1988", "Группа крови", "Кино", "1988"),
    ("Кино - Группа крови (1988) MP3", "Группа крови", "Кино", "1988"),
    ("椎名林檎 – 無罪モラトリアム [1999]", "無罪モラトリアム", "椎名林檎", "1999"),
    ("1977-05-08 - Barton Hall", "Barton Hall", None, "1977-05-08"),
    ("1977.05.08 - Barton Hall", "Barton Hall", None, "1977-05-08"),
    ("Nirvana-Nevermind-CD-FLAC-1991-GRP", "Nevermind", "Nirvana", "1991"),
    ("VA - Hits [MP3 320kbps]", "Hits", "Various Artists", None),
    ("Band - OK [1997] (2017, XL) [24-96]", "OK (2017, XL)", "Band", "1997"),
    ("Album (Deluxe Edition) [2011, FLAC]", "Album (Deluxe Edition)", None, "2011"),
    # Where it stands among others is no artist.
    ("02 - Album", "Album", None, None),
    ("2 - Album", "Album", None, None),
    ("02 - 1999 - Album", "Album", None, "1999"),
    ("1999 - 02 - Album", "Album", None, "1999"),
    ("02 - Artist - Album", "Album", "Artist", None),
    ("311 - Music (1993)", "Music", "311", "1993"),
    ("Artist - 02", "02", "Artist", None),
    ("02", "02", None, None),
    # A year that is the album stays the album.
    ("Prince - 1999", "1999", "Prince", None),
    ("Prince - 1999 (1982) [FLAC 24-96]", "1999", "Prince", "1982"),
    ("Prince - 1999 FLAC", "1999", "Prince", None),
    ("Van Halen - 1984 (1984)", "1984", "Van Halen", "1984"),
    ("1989", "1989", None, None),
    ("2112", "2112", None, None),
    ("[FLAC]", "[FLAC]", None, None),
    ("Opus", "Opus", None, None),
    ("FLAC", "FLAC", None, None),
    ("Live [1]", "Live [1]", None, None),
    ("Vol. 2", "Vol. 2", None, None),
    ("???", "???", None, None),
    ("", "?", None, None),
]


@pytest.mark.parametrize(("name", "album", "artist", "date"), ALBUMS)
def test_a_folder_name_tells(name, album, artist, date):
    assert album_name(name) == AlbumName(album, artist, date)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("CD1", 1),
        ("cd 02", 2),
        ("Disc 3", 3),
        ("Disk-4 - Live", 4),
        ("Диск 5", 5),
        ("CD", None),
        ("Discovery", None),
        ("CD1st", None),
    ],
)
def test_disc_folders_are_known_by_name(name, number):
    assert disc_of_folder(name) == number


def test_numbers_sort_by_value_and_case_does_not_count():
    names = ["10 x", "2 x", "b", "A", "1 x", "a1", "A10", "a2"]
    assert sorted(names, key=natural_key) == [
        *["1 x", "2 x", "10 x", "A", "a1", "a2", "A10", "b"]
    ]


def test_paths_sort_folder_by_folder():
    paths = ["CD10/1", "CD2/1", "CD2 bonus/1", "CD2/10", "CD2/9"]
    assert sorted(paths, key=natural_path_key) == [
        *["CD2/1", "CD2/9", "CD2/10", "CD2 bonus/1", "CD10/1"]
    ]


def test_a_hostile_number_sorts_too():
    assert natural_key("9" * 10_000) > natural_key("8")


@given(st.lists(st.text(max_size=5)))
def test_names_in_a_directory_are_unique_lines_without_slashes(names):
    made = unique(names)
    assert len(set(made)) == len(names)
    assert not any(set(name) & set("/\n\r\0") or not name for name in made)


def test_text_is_cleaned_of_what_breaks_clients():
    assert clean("a\udcff\nb\x00c\u202ed\t ") == "a? b c d"
    assert clean("می‌خواهم") == "می‌خواهم"  # its joiner belongs there


def test_equal_names_are_counted_once_each():
    names = unique(["Hits"] * 20_000)  # each try from 2 on would take minutes
    assert (names[0], names[1], names[-1]) == ("Hits", "Hits [2]", "Hits [20000]")
    assert unique(["a", "a [2]", "a", "a"]) == ["a", "a [2]", "a [3]", "a [4]"]


@pytest.mark.parametrize(
    ("stems", "numbers"),
    [
        ([str(n) for n in range(1, 13)], list(range(1, 13))),
        (["3", "4"], [3, 4]),
        (["19", "21", "25"], [None, None, None]),
        (["1", "99 Problems", "1999"], [None, None, None]),
    ],
)
def test_names_that_are_numbers_in_a_row_are_track_numbers(
    stems: list[str], numbers: list[int | None]
) -> None:
    paths = [f"Album/{stem}.flac" for stem in stems]
    style = style_of(paths)
    named = [track_name(path, style) for path in paths]
    assert [name.track_no for name in named] == numbers
    assert [name.title for name in named] == stems


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("01 - Song.mp3", True),
        ("Song.mp3", True),
        *((name, False) for name in ("7.mp3", "07.mp3", "01 - Untitled.mp3")),
        *((name, False) for name in ("Track 03.mp3", "untitled.ogg", "03 Track 3.ape")),
    ],
)
def test_a_name_may_say_no_title(name: str, says: bool) -> None:
    assert has_title(f"Album/{name}") is says
