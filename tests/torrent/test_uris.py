from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.torrent.uris import (
    AddUri,
    AlbumUri,
    ArtistUri,
    DirectoryUri,
    MagnetUri,
    PlaylistUri,
    RootUri,
    TrackUri,
    ViewUri,
    magnet_of,
    parse,
    shown,
)

V1, V2 = "0123456789abcdef" * 2 + "01234567", "0123456789abcdef" * 4
MAGNET = f"magnet:?xt=urn:btih:{V1}&dn=A%20B"

SHAPES = [
    ("vozduxan:directory:root", RootUri()),
    (f"vozduxan:directory:{V1}", DirectoryUri(V1)),
    (f"vozduxan:album:{V1}", AlbumUri(V1)),
    (f"vozduxan:album:{V2}:12", AlbumUri(V2, 12)),
    (f"vozduxan:track:{V1}:0", TrackUri(V1, 0)),
    (f"vozduxan:track:{V1}:0:12", TrackUri(V1, 0, 12)),
    (f"vozduxan:playlist:{V1}:3", PlaylistUri(V1, 3)),
    ("vozduxan:directory:artists", ViewUri("artists")),
    ("vozduxan:artist:AC%2FDC%2C%20%D0%9A", ArtistUri("AC/DC, К")),
    ("vozduxan:add:https%3A%2F%2Fa.b%2Fc.torrent", AddUri("https://a.b/c.torrent")),
    (MAGNET, MagnetUri(MAGNET)),
]


@pytest.mark.parametrize(("text", "value"), SHAPES)
def test_parse_and_str_are_inverse(text, value):
    assert parse(text) == value
    assert str(value) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vozduxan:",
        "vozduxan:track",
        "vozduxan:playlist:x",
        "file:track:x",
        "magnet:xt=urn",
        f"vozduxan:track:{V1}",
        f"vozduxan:track:{V1}:",
        f"vozduxan:track:{V1}:-1",
        f"vozduxan:track:{V1}:1:2:3",
        f"vozduxan:track:{V1}:٣",
        f"vozduxan:track:{V1}:{'9' * 5000}",
        f"vozduxan:album:{V1}:",
        f"vozduxan:album:{V1[:-1]}",
        "vozduxan:directory:ROOT",
        "vozduxan:artist:",
        "vozduxan:add:file%3A%2F%2F%2Fetc%2Fpasswd",
        "vozduxan:add:http%3A%2F%2F%5B",
        "vozduxan:add:http%3A%2F%2F",
    ],
)
def test_what_is_not_ours_is_bad_input(text):
    with pytest.raises(BadInput):
        parse(text)


def test_infohashes_come_out_in_lower_case():
    assert parse(f"vozduxan:track:{V1.upper()}:7") == TrackUri(V1, 7)


def test_schemes_are_read_in_any_case():
    assert parse("VOZDUXAN:directory:root") == RootUri()
    assert parse("MAGNET:?xt=1") == MagnetUri("MAGNET:?xt=1")


@given(st.text(min_size=1))
def test_any_name_fits_a_uri_that_iris_can_carry(name):
    uri = str(ArtistUri(name))
    assert parse(uri) == ArtistUri(name)
    assert not re.search(r"[,/]|%[0-9]?[a-f]", uri)


def test_a_lone_surrogate_does_not_break_a_uri():
    assert parse(str(ArtistUri("a\udcff"))) == ArtistUri("a?")


def test_magnets_name_both_kinds_of_infohash():
    assert magnet_of(V1) == f"magnet:?xt=urn:btih:{V1}"
    assert magnet_of(V2) == f"magnet:?xt=urn:btmh:1220{V2}"


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("vozduxan:add:https%3A%2F%2Fa.b%2Fkey%2Fx.torrent%3Fkey%3Dsecret", "a.b"),
        (
            f"magnet:?xt=urn:btih:{'ab' * 20}&tr=http://a.b/secret/announce",
            f"magnet:?xt=urn:btih:{'ab' * 20}",
        ),
        (
            f"vozduxan:add:magnet%3A%3Fxt%3Durn:btih:{'ab' * 20}%26tr%3Dsecret",
            "vozduxan",
        ),
        ("nonsense", "nonsense"),
    ],
)
def test_a_log_shows_no_passkeys(uri, text):
    assert shown(uri) == text
