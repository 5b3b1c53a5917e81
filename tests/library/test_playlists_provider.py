"""A torrent's playlists, as core and its clients meet them."""

from __future__ import annotations

import pykka
import pytest
from mopidy import backend

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.library import playlists_provider as playlists
from mopidy_vozduxan.library.playlists_provider import VozduxanPlaylistsProvider
from mopidy_vozduxan.torrent.tags import Part, Tags
from tests.metainfos import metainfo, source_of

ALBUM = metainfo("Album", ["01 - One.flac", "02 - Two.flac", "all.m3u", "Best of.m3u8"])
BOX = metainfo("Box", ["1.mp3", "all.m3u", "2.mp3"])
OTHER = metainfo("Other", ["1.mp3", "Best of.m3u"])


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.db")
    for info in (ALBUM, BOX, OTHER):
        catalog.collection.add(source_of(info), info)
    yield catalog
    catalog.close()


@pytest.fixture
def provider(catalog):
    return VozduxanPlaylistsProvider(None, catalog)


def track(info, index):
    return f"vozduxan:track:{info.infohash}:{index}"


def uri_of(info, index):
    return f"vozduxan:playlist:{info.infohash}:{index}"


def test_without_playlists_the_list_is_empty(provider):
    assert provider.as_list() == []


def test_a_playlist_has_its_tracks_in_its_order(provider, catalog):
    playlists.keep(catalog, ALBUM, 3, b"02 - Two.flac\n01 - One.flac\n02 - Two.flac")
    (ref,) = provider.as_list()
    assert (ref.uri, ref.name, ref.type) == (uri_of(ALBUM, 3), "Best of", "playlist")
    uris = [track(ALBUM, index) for index in (1, 0, 1)]
    found = provider.lookup(ref.uri)
    assert (found.uri, found.name) == (ref.uri, "Best of")
    assert [one.uri for one in found.tracks] == uris
    assert [one.name for one in found.tracks] == ["Two", "One", "Two"]
    assert all(one.length for one in found.tracks)
    items = provider.get_items(ref.uri)
    assert [(item.uri, item.type) for item in items] == [(u, "track") for u in uris]
    assert [item.name for item in items] == ["Two", "One", "Two"]


def test_playlists_are_called_apart_and_in_natural_order(provider, catalog):
    playlists.keep(catalog, ALBUM, 2, b"01 - One.flac")
    playlists.keep(catalog, ALBUM, 3, b"01 - One.flac")
    playlists.keep(catalog, BOX, 1, b"1.mp3")
    playlists.keep(catalog, OTHER, 1, b"1.mp3")
    names = [ref.name for ref in provider.as_list()]
    assert names == ["Album", "Best of", "Best of [2]", "Box"]
    assert names == [ref.name for ref in provider.as_list()]


def test_a_name_has_no_slash(provider, catalog):
    catalog.playlists.keep(BOX.infohash, 1, "AC/DC\nlive", [track(BOX, 0)])
    (ref,) = provider.as_list()
    assert ref.name == "AC-DC live"


def test_a_playlist_that_names_nothing_is_not_kept(provider, catalog):
    with pytest.raises(BadInput):
        playlists.keep(catalog, BOX, 1, b"http://example.org/stream")
    assert provider.as_list() == []


def test_the_parts_of_a_divided_file_stand_in_its_place(provider, catalog):
    playlists.keep(catalog, BOX, 1, b"2.mp3\n1.mp3")
    parts = [Part(1, 0, 75, Tags(title="A")), Part(2, 75, None, Tags(title="B"))]
    catalog.sheets.keep(BOX.infohash, 0, parts)
    found = provider.lookup(uri_of(BOX, 1))
    assert [one.uri for one in found.tracks] == [
        track(BOX, 2),
        f"{track(BOX, 0)}:1",
        f"{track(BOX, 0)}:2",
    ]


def test_it_leaves_with_its_torrent(provider, catalog):
    playlists.keep(catalog, BOX, 1, b"1.mp3")
    catalog.collection.remove(BOX.infohash)
    assert provider.as_list() == []
    assert provider.lookup(uri_of(BOX, 1)) is None


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "nonsense",
        uri_of(BOX, 1),
        track(BOX, 0),
        "m3u:mine.m3u",
        "vozduxan:playlist:",
    ],
)
def test_what_is_no_playlist_of_ours_is_none(provider, uri):
    assert provider.lookup(uri) is None
    assert provider.get_items(uri) is None


def test_nothing_of_a_torrent_is_changed(provider, catalog):
    playlists.keep(catalog, BOX, 1, b"1.mp3")
    found = provider.lookup(uri_of(BOX, 1))
    assert provider.create("Mine") is None
    assert provider.save(found.replace(tracks=[])) is None
    assert provider.delete(found.uri) is False
    assert provider.refresh() is None
    assert provider.lookup(found.uri) == found


def test_a_failing_catalog_is_no_error_for_core(tmp_path):
    catalog = Catalog(tmp_path / "catalog.db")
    catalog.close()
    provider = VozduxanPlaylistsProvider(None, catalog)
    assert provider.as_list() == []
    assert provider.lookup(uri_of(BOX, 1)) is None


class Ear(pykka.ThreadingActor, backend.BackendListener):
    def __init__(self, heard) -> None:
        super().__init__()
        self.heard = heard

    def playlists_loaded(self) -> None:
        self.heard.set(True)


def test_clients_are_told_of_a_new_playlist(catalog):
    heard = pykka.ThreadingFuture()
    ear = Ear.start(heard)
    try:
        playlists.keep(catalog, BOX, 1, b"1.mp3")
        assert heard.get(timeout=20)
    finally:
        ear.stop()
