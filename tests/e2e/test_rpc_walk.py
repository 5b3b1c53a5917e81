"""Mopidy's JSON-RPC, called as Iris calls it; Iris itself needs Mopidy 3.

What Iris does not bear: a directory that looks up to tracks hides its folders, an
album's tracks must name that album, a track and an album must be by somebody, and a
percent sign in a directory's name is not decoded.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import shown
from tests.e2e.odd import ODD
from tests.e2e.stage import Album, Listener, until
from tests.torrent_files import infohash_of

TYPES = {"tracks": "any", "artists": "artist", "albums": "album"}
TERMS = ["loopback", "The Seeders", "same", "AC/DC", '"', "*", "a b c", "%", "日本"]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    with shown.records(tmp_path_factory.mktemp("album")) as made:
        yield made


@pytest.fixture(scope="module")
def whole(
    records: Album, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    folder = tmp_path_factory.mktemp("mopidy")
    (folder / "torrents").mkdir()
    for torrent in ODD:
        name = f"{infohash_of(torrent)}.torrent"
        (folder / "torrents" / name).write_bytes(torrent)
    with Listener(folder, [records]) as listener:
        yield listener


@pytest.fixture
def listener(whole: Listener) -> Iterator[Listener]:
    yield whole
    whole.assert_calm()


def browse(listener: Listener, uri: str | None) -> list[dict[str, Any]]:
    refs: list[dict[str, Any]] = listener.rpc("core.library.browse", uri=uri)
    assert all(ref["name"] and ref["uri"] for ref in refs), refs
    return refs


def look_up(listener: Listener, *uris: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = listener.rpc(
        "core.library.lookup", uris=list(uris)
    )
    assert set(found) == set(uris)
    return found


def everything(listener: Listener, uri: str | None = None) -> list[dict[str, Any]]:
    """All refs of ours, with those below them."""
    refs = browse(listener, uri)
    if uri is None:
        refs = [ref for ref in refs if ref["uri"].startswith("vozduxan:")]
    below = [
        r
        for ref in refs
        if ref["type"] != "track"
        for r in everything(listener, ref["uri"])
    ]
    return refs + below


@pytest.fixture
def refs(listener: Listener) -> list[dict[str, Any]]:
    return everything(listener)


def of_type(refs: list[dict[str, Any]], *types: str) -> list[str]:
    return list(dict.fromkeys(ref["uri"] for ref in refs if ref["type"] in types))


def test_iris_reads_the_type_of_every_uri_from_its_second_part(
    refs: list[dict[str, Any]],
) -> None:
    for ref in refs:
        scheme, kind, _ = ref["uri"].split(":", 2)
        assert (scheme, kind) == ("vozduxan", ref["type"])
        assert "," not in ref["uri"] and "/" not in ref["uri"]


def test_names_differ_in_every_directory(
    listener: Listener, refs: list[dict[str, Any]]
) -> None:
    for uri in of_type(refs, "directory", "album", "artist"):
        names = [ref["name"] for ref in browse(listener, uri)]
        assert len(set(names)) == len(names)
        assert not any("/" in name or "\n" in name for name in names)


def test_no_directory_has_a_percent_sign_in_its_name(
    refs: list[dict[str, Any]],
) -> None:
    named = [ref["name"] for ref in refs if ref["type"] == "directory"]
    assert "50\N{FULLWIDTH PERCENT SIGN} [live]" in named
    assert not any("%" in name for name in named)


def test_a_directory_with_folders_looks_up_to_nothing(
    listener: Listener, refs: list[dict[str, Any]]
) -> None:
    for uri in of_type(refs, "directory"):
        inside = browse(listener, uri)
        if any(ref["type"] != "track" for ref in inside):
            assert look_up(listener, uri)[uri] == []


def test_all_tracks_of_a_directory_are_looked_up_in_one_call(
    listener: Listener, refs: list[dict[str, Any]]
) -> None:
    uris = of_type(refs, "track")
    assert len(uris) > 30
    for uri, tracks in look_up(listener, *uris).items():
        (track,) = tracks
        assert track["uri"] == uri
        assert track["name"]
        assert track["length"] > 0
        assert track["album"]["uri"]
        assert all(artist["name"] for artist in track["artists"])
        assert all(artist["name"] for artist in track["album"]["artists"])


def test_the_tracks_of_an_album_name_it_and_come_in_its_order(
    listener: Listener, refs: list[dict[str, Any]]
) -> None:
    for uri in of_type(refs, "album"):
        tracks = look_up(listener, uri)[uri]
        assert {track["album"]["uri"] for track in tracks} == {uri}
        shown = [ref["uri"] for ref in browse(listener, uri)]
        assert [track["uri"] for track in tracks] == shown


def test_the_tracks_of_an_artist_are_by_somebody(
    listener: Listener, refs: list[dict[str, Any]]
) -> None:
    artists = of_type(refs, "artist")
    assert artists
    for uri in artists:
        tracks = look_up(listener, uri)[uri]
        assert tracks
        for track in tracks:
            by = track["artists"] + track["album"].get("artists", [])
            assert uri in {artist["uri"] for artist in by}


def test_pictures_are_asked_for_all_at_once_and_are_there(
    listener: Listener, refs: list[dict[str, Any]], records: Album
) -> None:
    uris = of_type(refs, "directory", "album", "artist", "track")
    found = listener.rpc("core.library.get_images", uris=uris)
    assert set(found) <= set(uris)
    (image, *_) = found[records.uri]
    assert image["uri"].startswith("/vozduxan/image/")
    with urllib.request.urlopen(listener.mopidy.url + image["uri"]) as answer:
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.read(2) == b"\xff\xd8"


@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize("scheme", ["vozduxan", "magnet"])
def test_every_source_answers_every_kind_of_search(
    listener: Listener, scheme: str, term: str
) -> None:
    for kind, field in TYPES.items():
        results = listener.rpc(
            "core.library.search", query={field: [term]}, uris=[f"{scheme}:"]
        )
        for result in results:
            for found in result.get(kind, []):
                assert found["uri"].startswith("vozduxan:")
                assert found["name"]
        assert scheme == "vozduxan" or not any(r.get(kind) for r in results)


def test_search_finds_the_album_by_its_name_artist_and_track(
    listener: Listener, records: Album
) -> None:
    def found(kind: str, field: str, term: str) -> list[str]:
        (result, *_) = listener.rpc(
            "core.library.search", query={field: [term]}, uris=["vozduxan:"]
        )
        return [each["name"] for each in result.get(kind, [])]

    until(lambda: shown.ARTIST in found("artists", "artist", "seeders"))
    assert shown.NAME in found("albums", "album", "loopback")
    assert found("tracks", "any", "endgame") == ["Endgame"]


def test_playlists_are_listed_and_looked_up(listener: Listener) -> None:
    for ref in listener.rpc("core.playlists.as_list"):
        assert listener.rpc("core.playlists.lookup", uri=ref["uri"])["tracks"]


def test_nothing_in_the_answers_is_more_than_json_can_carry(
    listener: Listener, refs: list[dict[str, Any]]
) -> None:
    tracks = look_up(listener, *of_type(refs, "track"))
    json.dumps([refs, tracks], ensure_ascii=False).encode()  # no lone surrogates
