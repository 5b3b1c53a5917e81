from __future__ import annotations

import asyncio
import time

import pytest

from mopidy_vozduxan.adding import Adder
from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.protocol import TorrentSource
from mopidy_vozduxan.exceptions import FetchFailed, MetadataTimeout
from mopidy_vozduxan.library import VozduxanLibraryProvider
from tests.metainfos import metainfo, source_of

ALBUM = metainfo("Kino - Album", ["2 - Two.flac", "10 - Ten.flac", "1 - One.flac"])
BOX = metainfo("Box", ["B/1 - Bee.mp3", "A/1 - Ay.mp3", "A/2 - Ah.mp3"])
LONE = "ab" * 20
MAGNET = f"magnet:?xt=urn:btih:{LONE}&dn=Some%20name"


class Swarms:
    """Stands for the swarms: gives metadata it was told of, notes who asked.

    The web has nothing. ``patience`` is how long it takes to know nothing.
    """

    def __init__(self):
        self.known = {}
        self.asked = []
        self.patience = 0.0

    async def fetch_metainfo(self, source):
        self.asked.append(source)
        if source.infohash in self.known:
            return self.known[source.infohash]
        await asyncio.sleep(self.patience)
        raise MetadataTimeout("Nobody knows.")

    async def fetch(self, url):
        raise FetchFailed("Nothing is there.")


@pytest.fixture
def swarms():
    return Swarms()


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.db")
    for info in (ALBUM, BOX):
        catalog.add(source_of(info), info)
    yield catalog
    catalog.close()


@pytest.fixture
def adder(catalog, swarms):
    bridge = Bridge()
    bridge.start()
    yield Adder(catalog, bridge.ask, swarms.fetch_metainfo, swarms.fetch)
    bridge.stop()


@pytest.fixture
def library(catalog, adder):
    return VozduxanLibraryProvider(None, catalog, adder, 3)


def names(tracks):
    return [track.name for track in tracks]


def test_the_root_is_a_directory_called_torrents(library):
    assert library.root_directory.type == "directory"
    assert library.root_directory.uri == "vozduxan:directory:root"
    assert library.root_directory.name == "Torrents"


def test_browsing_goes_from_torrents_over_folders_to_tracks(library):
    box, album = library.browse("vozduxan:directory:root")
    assert (box.name, box.type) == ("Box", "directory")
    assert (album.name, album.type) == ("Kino - Album", "album")
    folders = library.browse(box.uri)
    assert [(f.name, f.type) for f in folders] == [("A", "album"), ("B", "album")]
    refs = library.browse(folders[0].uri)
    assert [(r.name, r.type) for r in refs] == [
        ("1 - Ay", "track"),
        ("2 - Ah", "track"),
    ]
    assert refs[0].uri == f"vozduxan:track:{BOX.infohash}:1"


def test_tracks_are_in_natural_order(library):
    refs = library.browse(f"vozduxan:album:{ALBUM.infohash}")
    assert [r.name for r in refs] == ["1 - One", "2 - Two", "10 - Ten"]
    assert names(library.lookup(f"vozduxan:album:{ALBUM.infohash}")) == [
        *["One", "Two", "Ten"]
    ]


def test_every_browsed_uri_looks_up_to_what_it_shows(library):
    for torrent in library.browse("vozduxan:directory:root"):
        for ref in [torrent, *library.browse(torrent.uri)]:
            if ref.type == "track":
                assert [t.uri for t in library.lookup(ref.uri)] == [ref.uri]
            if ref.type == "album":
                tracks = library.lookup(ref.uri)
                assert {t.album.uri for t in tracks} == {ref.uri}
                assert [t.uri for t in tracks] == [
                    r.uri for r in library.browse(ref.uri)
                ]


def test_a_directory_looks_up_to_nothing_or_iris_would_not_browse_it(library):
    assert library.lookup(f"vozduxan:directory:{BOX.infohash}") == []
    assert library.lookup("vozduxan:directory:root") == []


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "vozduxan:nonsense:x",
        "vozduxan:artist:Kino",
        f"vozduxan:album:{LONE}",
        f"vozduxan:directory:{LONE}",
        f"vozduxan:album:{BOX.infohash}:7",
        f"vozduxan:track:{BOX.infohash}:7",
        "magnet:?xt=urn:btih:short",
        "magnet:?dn=nothing",
        "vozduxan:add:https%3A%2F%2Fa.b%2Fc.torrent",
        "vozduxan:add:nonsense",
    ],
)
def test_what_is_not_there_is_an_empty_list(library, swarms, uri):
    assert library.lookup(uri) == []
    assert library.browse(uri) == []
    assert swarms.asked == []


def test_a_failing_catalog_is_an_empty_answer(library, catalog):
    catalog.close()
    assert library.browse("vozduxan:directory:root") == []
    assert library.lookup(f"vozduxan:album:{ALBUM.infohash}") == []
    assert library.search({"any": ["one"]}) is None


def test_one_bad_uri_does_not_spoil_the_others(library):
    good = f"vozduxan:track:{ALBUM.infohash}:0"
    answer = library.lookup_many(iter([good, "nonsense", MAGNET]))
    assert {uri: names(tracks) for uri, tracks in answer.items()} == {
        good: ["Two"],
        "nonsense": [],
        MAGNET: ["Some name"],
    }
    assert all(type(tracks) is list for tracks in answer.values())


def test_a_known_magnet_needs_no_swarm(library, swarms):
    uri = f"magnet:?xt=urn:btih:{BOX.infohash}"
    assert names(library.lookup(uri)) == ["Ay", "Ah", "Bee"]
    assert swarms.asked == []


def test_a_magnet_whose_metadata_comes_in_time_is_its_tracks(library, swarms, catalog):
    info = metainfo("New", ["1 - Song.mp3"], LONE)
    swarms.known[LONE] = info
    assert [t.uri for t in library.lookup(MAGNET)] == [f"vozduxan:track:{LONE}:0"]
    assert catalog.metainfo(LONE) == info
    assert swarms.asked == [TorrentSource(LONE, None, MAGNET, "Some name")]
    library.lookup(MAGNET)
    assert len(swarms.asked) == 1


def test_a_magnet_whose_metadata_is_late_is_one_track_that_plays_later(
    library, catalog
):
    (track,) = library.lookup(MAGNET)
    assert (track.uri, track.name) == (MAGNET, "Some name")
    assert catalog.source(LONE).magnet == MAGNET
    nameless = f"magnet:?xt=urn:btih:{'cd' * 20}"
    assert names(library.lookup(nameless)) == ["cd" * 20]


def test_no_track_is_without_a_length(library):
    (track,) = library.lookup(MAGNET)
    assert track.length == 360_000
    (song,) = library.lookup(f"magnet:?xt=urn:btih:{LONE}&dn=Song.flac&xl=21000000")
    assert (song.name, song.length) == ("Song", 240_000)
    (gone,) = library.lookup(f"vozduxan:track:{LONE}:3")
    assert gone.length == 360_000


def test_many_unknown_magnets_share_one_wait(catalog, adder, swarms):
    swarms.patience = 60
    library = VozduxanLibraryProvider(None, catalog, adder, 1)
    uris = [f"magnet:?xt=urn:btih:{n:040x}" for n in range(1, 11)]
    begun = time.monotonic()
    answer = library.lookup_many(uris)
    assert time.monotonic() - begun < 5
    assert all(len(tracks) == 1 for tracks in answer.values())
    assert len(swarms.asked) == 10  # all of them join


def test_a_swarm_that_fails_costs_only_its_own_answer(catalog, swarms, library):
    swarms.known[LONE] = None  # not what the adder expects
    album = f"vozduxan:album:{ALBUM.infohash}"
    answer = library.lookup_many([MAGNET, album])
    assert (len(answer[MAGNET]), len(answer[album])) == (0, 3)


def test_a_magnet_selects_its_tracks(library, swarms):
    uri = f"magnet:?xt=urn:btih:{BOX.infohash}&so=0,2"
    assert names(library.lookup(uri)) == ["Ah", "Bee"]
    assert library.lookup(f"magnet:?xt=urn:btih:{BOX.infohash}&so=7") == []


def test_what_is_known_is_said_without_a_wait(library, swarms):
    assert library.known(MAGNET) is None
    assert library.known(f"vozduxan:track:{LONE}:0") is None
    assert names(library.known(f"magnet:?xt=urn:btih:{BOX.infohash}&so=0")) == ["Bee"]
    assert names(library.known(f"vozduxan:track:{BOX.infohash}:0")) == ["Bee"]
    assert library.known(f"vozduxan:track:{BOX.infohash}:7") == []
    assert swarms.asked == []


def test_a_track_of_a_torrent_that_left_the_catalog_still_resolves(library, catalog):
    uri = f"vozduxan:track:{ALBUM.infohash}:0"
    catalog.remove(ALBUM.infohash)
    (track,) = library.lookup(uri)
    assert track.uri == uri
    assert ALBUM.infohash in track.name


@pytest.mark.parametrize(
    ("query", "exact", "found"),
    [
        ({"any": ["kino"]}, False, ["One", "Ten", "Two"]),
        ({"any": ["KINO ten"]}, False, ["Ten"]),
        ({"any": ["cover"]}, False, []),
        ({"artist": ["kin"]}, False, ["One", "Ten", "Two"]),
        ({"artist": ["kin"]}, True, []),
        ({"artist": ["Kino"], "track_name": ["Two"]}, True, ["Two"]),
        ({"album": ["box"]}, False, []),  # its folders are the albums
        ({"album": ["A"], "track_name": ["a"]}, False, ["Ah", "Ay"]),
        ({"genre": ["kino"]}, False, []),
        ({}, False, []),
    ],
)
def test_search(library, query, exact, found):
    result = library.search(query, exact=exact)
    assert sorted(names(result.tracks) if result else []) == sorted(found)


@pytest.mark.parametrize(
    ("uris", "count"),
    [
        (None, 3),
        (["vozduxan:"], 3),
        (["vozduxan:directory:root"], 3),
        ([f"vozduxan:album:{ALBUM.infohash}"], 3),
        ([f"vozduxan:directory:{BOX.infohash}"], 0),
        (["magnet:"], 0),
        (["file:///music"], 0),
    ],
)
def test_search_stays_below_the_uris_it_is_given(library, uris, count):
    result = library.search({"artist": ["kino"]}, uris=uris)
    assert len(result.tracks if result else []) == count


def test_there_are_no_distinct_values_yet(library):
    assert library.get_distinct("artist") == set()
