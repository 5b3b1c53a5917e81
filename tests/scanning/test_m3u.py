"""Playlists as they lie in torrents, from many years and many programs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.scanning.m3u import (
    MOST_BYTES,
    is_playlist,
    playlist_name,
    read_playlist,
)
from tests.metainfos import metainfo

ALBUM = metainfo(
    "Album",
    [
        "CD1/01 - Öl.flac",
        "CD1/02 - Two.flac",
        "CD2/01 - Müller's Tür.mp3",
        "CD2/01 - Müller's Tür.ogg",
        "03 - Песня.mp3",
        "04 - 100% #1.mp3",
        "cover.jpg",
        "list.m3u",
    ],
)
ROOT, FIRST = "Album/list.m3u", "Album/CD1/list.m3u8"


def read(text: str | bytes, path: str = ROOT) -> tuple[int, ...]:
    data = text if isinstance(text, bytes) else text.encode()
    return read_playlist(data, path, ALBUM)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("CD1/02 - Two.flac", ROOT),
        ("CD1\\02 - Two.flac", ROOT),
        ("./CD1/02 - Two.flac", ROOT),
        (".\\CD1\\02 - Two.flac", ROOT),
        ("  CD1/02 - Two.flac\t", ROOT),
        ("cd1/02 - TWO.FLAC", ROOT),
        ("CD1/02%20-%20Two.flac", ROOT),
        ("CD1/02 - Two.wav", ROOT),
        ("CD1/02 - Two.mp3", ROOT),
        ("02 - Two.flac", FIRST),
        ("../CD1/02 - Two.flac", FIRST),
        ("CD1//02 - Two.flac", ROOT),
        ("C:\\Music\\Album\\CD1\\02 - Two.flac", ROOT),
        ("D:\\Rips\\02 - Two.wav", FIRST),
        ("/home/me/Music/Album/CD1/02 - Two.flac", ROOT),
        ("file:///home/me/Album/CD1/02%20-%20Two.flac", ROOT),
    ],
)
def test_a_line_finds_its_track(line, path):
    assert read(line, path) == (1,)


@pytest.mark.parametrize(
    "line",
    [
        "http://example.org/02 - Two.flac",
        "https://example.org/CD1/02 - Two.flac",
        "mms://example.org/x",
        "vozduxan:track:0:1",
        "../02 - Two.flac",
        "../../../../etc/passwd",
        "CD1/../../CD1/02 - Two.flac",
        "cover.jpg",
        "list.m3u",
        "CD1",
        "CD1/02",
        "05 - Nothing.flac",
        "#EXTINF:1,CD1/02 - Two.flac",
        "CD2/01 - Müller's Tür.wav",  # there are two of that name
    ],
)
def test_what_is_no_track_of_the_torrent_is_left_out(line):
    with pytest.raises(BadInput, match="names no track"):
        read(line)
    assert read(f"{line}\nCD1/02 - Two.flac") == (1,)


def test_an_extended_playlist_is_read_in_its_order():
    text = (
        "#EXTM3U\r\n#EXTINF:123,Artist - Öl\r\n03 - Песня.mp3\r\n\r\n"
        "#EXTINF:-1,\r\nCD1\\01 - Öl.flac\r\n#EXTALB:x\r\n03 - Песня.mp3\r\n"
    )
    assert read(text) == (4, 0, 4)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(ends):
    assert read(ends.join(["#EXTM3U", "CD1/02 - Two.flac", "03 - Песня.mp3"])) == (1, 4)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_umlauts_are_read_in_any_encoding(codec):
    text = "CD2/01 - Müller's Tür.mp3\nCD1/01 - Öl.flac\n"
    assert read(text.encode(codec)) == (2, 0)


def test_decomposed_umlauts_are_the_same():
    assert read("CD1/01 - O\u0308l.flac") == (0,)


def test_russian_is_read_in_its_old_encoding():
    info = metainfo("Альбом", ["01 - Группа крови.mp3", "02 - Закрой за мной.mp3"])
    text = "01 - Группа крови.mp3\r\n02 - Закрой за мной.mp3\r\n"
    found = read_playlist(text.encode("cp1251"), "Альбом/список.m3u", info)
    assert found == (0, 1)


def test_percent_and_number_signs_belong_to_names():
    assert read("04 - 100% #1.mp3") == (5,)
    assert read("04 - 100%25 %231.mp3") == (5,)


def test_of_two_names_that_differ_in_case_each_is_found():
    info = metainfo("A", ["song.mp3", "Song.mp3"])
    assert read_playlist(b"Song.mp3\nsong.mp3\nSONG.mp3", "A/x.m3u", info) == (1, 0, 0)


def test_a_segmented_stream_is_no_playlist():
    with pytest.raises(BadInput):
        read("#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\nsegment0.ts\n")


def test_what_is_too_large_is_refused():
    with pytest.raises(BadInput, match="larger"):
        read(b"CD1/02 - Two.flac\n" * (MOST_BYTES // 18 + 1))


@pytest.mark.parametrize(
    ("path", "size", "expected"),
    [
        ("Album/a.m3u", 10, True),
        ("Album/a.M3U8", 10, True),
        ("Album/a.m3u", 0, False),
        ("Album/a.m3u", MOST_BYTES + 1, False),
        ("Album/a.pls", 10, False),
        ("Album/m3u", 10, False),
    ],
)
def test_is_a_playlist(path, size, expected):
    (file,) = metainfo("Album", {path.removeprefix("Album/"): size}).files
    assert is_playlist(file) == expected


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Album/Best of.m3u", "Best of"),
        ("Album/00 - Artist - Title.m3u8", "Artist - Title"),
        ("Album/00-artist_-_title.m3u", "artist - title"),
        ("Album/007 James.m3u", "007 James"),
        ("Album/playlist.m3u", "Album"),
        ("Album/CD 2/tracklist.m3u", "CD 2"),
        ("Album/00.m3u", "Album"),
        ("playlist.m3u", "Album"),
        ("Album/.m3u", "Album"),
    ],
)
def test_a_playlist_is_called_like_its_file_or_what_it_lies_in(path, name):
    assert playlist_name(path, ALBUM) == name


@given(st.one_of(st.binary(max_size=500), st.text(max_size=300).map(str.encode)))
def test_any_bytes_are_tracks_or_bad_input(data):
    try:
        found = read(data)
    except BadInput:
        return
    assert set(found) <= {0, 1, 2, 3, 4, 5}


_PARTS = st.lists(
    st.sampled_from(["CD1", "CD2", "..", ".", "", "C:", "01 - Öl.flac", "x"]),
    max_size=8,
)


@given(_PARTS, st.sampled_from("/\\"))
def test_no_path_leaves_the_torrent(parts, slash):
    try:
        found = read(slash.join(parts), FIRST)
    except BadInput:
        return
    assert found == (0,)
