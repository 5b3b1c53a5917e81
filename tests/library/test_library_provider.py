from __future__ import annotations

import asyncio
import time

import pytest

from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.parsing import read_with_magnet
from mopidy_vozduxan.exceptions import FetchFailed, MetadataTimeout
from mopidy_vozduxan.library.library_provider import VozduxanLibraryProvider
from mopidy_vozduxan.sources.adding import Adder
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from mopidy_vozduxan.torrent.tags import Part, Tags
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
        catalog.collection.add(source_of(info), info)
    yield catalog
    catalog.close()


@pytest.fixture
def adder(catalog, swarms):
    bridge = Bridge()
    bridge.start()
    yield Adder(
        catalog, read_with_magnet, bridge.ask, swarms.fetch_metainfo, swarms.fetch
    )
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
    *views, box, album = library.browse("vozduxan:directory:root")
    assert [v.name for v in views] == ["Artists", "Albums"]
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
        "vozduxan:artist:Nobody",
        "vozduxan:playlist:" + LONE + ":1",
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
    assert catalog.torrents.metainfo(LONE) == info
    assert swarms.asked == [TorrentSource(LONE, None, MAGNET, "Some name")]
    library.lookup(MAGNET)
    assert len(swarms.asked) == 1


def test_a_magnet_whose_metadata_is_late_is_one_track_that_plays_later(
    library, catalog
):
    (track,) = library.lookup(MAGNET)
    assert (track.uri, track.name) == (MAGNET, "Some name")
    assert catalog.torrents.source(LONE).magnet == MAGNET
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
    assert time.monotonic() - begun < 9  # ten would take 10 s
    assert all(len(tracks) == 1 for tracks in answer.values())
    assert len(swarms.asked) == 10  # all of them join


def test_lookups_that_core_asks_for_at_once_share_one_wait(catalog, adder, swarms):
    swarms.patience = 60
    library = VozduxanLibraryProvider(None, catalog, adder, 1, more_asked=lambda: True)
    begun = time.monotonic()
    for n in range(1, 11):
        (track,) = library.lookup(f"magnet:?xt=urn:btih:{n:040x}")
        assert track.length
    assert time.monotonic() - begun < 9  # ten would take 10 s


def test_the_next_lookup_waits_again(catalog, adder, lengths):
    more = [True, True, False, False]
    waiting = VozduxanLibraryProvider(
        None, catalog, adder, 3, lengths=lengths, more_asked=lambda: more.pop(0)
    )
    for _ in range(4):
        waiting.lookup(f"vozduxan:track:{ALBUM.infohash}:0")
    first, second, third, fourth = (until for _, until in lengths.waits)
    assert first == second == third < fourth


def test_a_swarm_that_fails_costs_only_its_own_answer(catalog, swarms, library):
    swarms.known[LONE] = None  # not what the adder expects
    album = f"vozduxan:album:{ALBUM.infohash}"
    answer = library.lookup_many([MAGNET, album])
    assert (len(answer[MAGNET]), len(answer[album])) == (0, 3)


def test_a_magnet_selects_its_tracks(library, swarms):
    uri = f"magnet:?xt=urn:btih:{BOX.infohash}&so=0,2"
    assert names(library.lookup(uri)) == ["Ah", "Bee"]


def test_what_is_known_of_a_track_is_what_was_looked_up(library):
    """Otherwise the tracklist would be corrected forever."""
    for uri in (f"vozduxan:album:{ALBUM.infohash}", f"vozduxan:album:{BOX.infohash}:0"):
        for track in library.lookup(uri):
            assert library.known(track.uri) == [track] == library.lookup(track.uri)


def test_a_magnet_that_leads_to_no_audio_says_so(library, swarms, caplog):
    assert library.lookup(f"magnet:?xt=urn:btih:{BOX.infohash}&so=7") == []
    assert "“Box”, the magnet link selects no audio file" in caplog.text
    swarms.known[LONE] = metainfo("Photos", ["1.jpg"], LONE)
    for _ in range(2):
        caplog.clear()
        assert library.lookup(MAGNET) == []
        assert "“Photos” has no audio file" in caplog.text


def test_what_is_known_is_said_without_a_wait(library, swarms):
    assert library.known(MAGNET) is None
    assert library.known(f"vozduxan:track:{LONE}:0") is None
    assert names(library.known(f"magnet:?xt=urn:btih:{BOX.infohash}&so=0")) == ["Bee"]
    assert names(library.known(f"vozduxan:track:{BOX.infohash}:0")) == ["Bee"]
    assert library.known(f"vozduxan:track:{BOX.infohash}:7") == []
    assert swarms.asked == []


def test_what_left_the_library_looks_up_as_before_and_is_shown_nowhere(
    library, catalog
):
    album, uri = (
        f"vozduxan:album:{ALBUM.infohash}",
        f"vozduxan:track:{ALBUM.infohash}:0",
    )
    catalog.scans.keep_tags(ALBUM.infohash, 0, Tags(title="Said", length_ms=1234))
    before = library.lookup_many([uri, album])
    catalog.collection.remove(ALBUM.infohash)
    assert library.lookup_many([uri, album]) == before
    assert [track.uri for track in library.known(uri)] == [uri]
    assert library.browse(album) == []
    assert library.search({"any": ["said"]}) is None
    assert library.get_distinct("track") == {"Ah", "Ay", "Bee"}


def test_a_track_of_an_unknown_torrent_still_resolves(library, catalog):
    uri = f"vozduxan:track:{LONE}:0"
    (track,) = library.lookup(uri)
    assert (track.uri, track.name) == (uri, f"{LONE} (0)")


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


def test_artists_lead_to_their_albums_and_tracks(library):
    (kino,) = library.browse("vozduxan:directory:artists")
    assert (kino.type, kino.name) == ("artist", "Kino")
    (album,) = library.browse(kino.uri)
    assert (album.type, album.name) == ("album", "Album")
    assert names(library.lookup(kino.uri)) == ["One", "Two", "Ten"]
    assert [t.uri for t in library.lookup(album.uri)] == [
        r.uri for r in library.browse(album.uri)
    ]


def test_a_guest_leads_to_the_albums_where_they_are_heard(library, catalog):
    tags = Tags(artists=("Guest",), albumartists=("Kino",))
    catalog.scans.keep_tags(ALBUM.infohash, 0, tags)
    assert [r.name for r in library.browse("vozduxan:artist:Guest")] == ["Album"]
    assert names(library.lookup("vozduxan:artist:Guest")) == ["Two"]
    assert len(library.lookup("vozduxan:artist:Kino")) == 3


def test_an_album_by_several_people_is_found_under_each_and_all(library, catalog):
    several = metainfo("Hits", ["01 - Aria - One.mp3", "02 - DDT - Two.mp3"])
    catalog.collection.add(source_of(several), several)
    for name in ("Aria", "DDT", "Various Artists"):
        assert [r.name for r in library.browse(f"vozduxan:artist:{name}")] == ["Hits"]
    artists = [r.name for r in library.browse("vozduxan:directory:artists")]
    assert "Various Artists" not in artists


def test_albums_are_in_natural_order(library):
    albums = library.browse("vozduxan:directory:albums")
    assert [(a.type, a.name) for a in albums] == [
        ("album", "A"),
        ("album", "Album"),
        ("album", "B"),
    ]


def test_views_look_up_to_nothing_or_iris_would_not_browse_them(library):
    assert library.lookup("vozduxan:directory:artists") == []
    assert library.lookup("vozduxan:directory:albums") == []


def test_what_is_browsed_follows_what_is_learned(library, catalog):
    def shown(view):
        return [r.name for r in library.browse(f"vozduxan:directory:{view}")]

    assert shown("albums") == ["A", "Album", "B"]
    tags = Tags(album="Zvezda", artists=("Viktor",), albumartists=("Viktor",))
    for index in range(3):
        catalog.scans.keep_tags(ALBUM.infohash, index, tags)
    assert shown("albums") == ["A", "B", "Zvezda"]
    assert shown("artists") == ["Viktor"]
    assert shown("root") == ["Artists", "Albums", "Box", "Kino - Album"]
    catalog.collection.remove(ALBUM.infohash)
    assert shown("albums") == ["A", "B"]
    assert shown("root") == ["Artists", "Albums", "Box"]


def test_a_list_that_was_given_away_is_nobody_elses(library):
    library.browse("vozduxan:directory:root").clear()
    assert len(library.browse("vozduxan:directory:root")) == 4


def test_tags_order_an_album_by_disc_and_number(library, catalog):
    for index, (disc, track) in enumerate([(2, 1), (1, 2), (1, 1)]):
        catalog.scans.keep_tags(
            ALBUM.infohash, index, Tags(disc_no=disc, track_no=track)
        )
    uri = f"vozduxan:album:{ALBUM.infohash}"
    assert names(library.lookup(uri)) == ["One", "Ten", "Two"]
    assert [r.name for r in library.browse(uri)] == ["1 - One", "10 - Ten", "2 - Two"]


def test_numbers_that_are_there_twice_order_nothing(library, catalog):
    for index in range(3):
        catalog.scans.keep_tags(ALBUM.infohash, index, Tags(track_no=1))
    uri = f"vozduxan:album:{ALBUM.infohash}"
    assert names(library.lookup(uri)) == ["One", "Two", "Ten"]


PARTS = [Part(n, n * 7500, (n + 1) * 7500, Tags(title=f"P{n}")) for n in (1, 2, 10)]


def test_a_sheets_parts_stand_in_their_files_place(library, catalog):
    catalog.sheets.keep(BOX.infohash, 0, PARTS)
    refs = library.browse(f"vozduxan:album:{BOX.infohash}:1")
    assert [r.name for r in refs] == ["01 - P1", "02 - P2", "10 - P10"]
    for ref in refs:
        (track,) = library.lookup(ref.uri)
        assert (track.uri, track.length) == (ref.uri, 100_000)
    # An older playlist has the whole file.
    assert names(library.lookup(f"vozduxan:track:{BOX.infohash}:0")) == [
        *["P1", "P2", "P10"]
    ]
    assert library.lookup(f"vozduxan:track:{BOX.infohash}:0:3") == []


def test_a_playlist_looks_up_to_its_tracks(library, catalog):
    uris = [f"vozduxan:track:{BOX.infohash}:{n}" for n in (2, 0)]
    catalog.playlists.keep(BOX.infohash, 9, "Mine", uris)
    found = library.lookup(f"vozduxan:playlist:{BOX.infohash}:9")
    assert [t.uri for t in found] == uris


def test_until_its_sheet_was_read_the_whole_file_stands_for_a_part(
    waiting, lengths, catalog
):
    uri = f"vozduxan:track:{BOX.infohash}:0:2"
    assert [t.uri for t in waiting.lookup(uri)] == [uri]
    assert [infohashes for infohashes, _ in lengths.waits] == [{BOX.infohash}]
    assert [t.uri for t in waiting.known(uri)] == [uri]
    assert lengths.open == [BOX.infohash]
    catalog.sheets.keep(BOX.infohash, 0, PARTS)
    assert names(waiting.lookup(uri)) == ["P2"]
    assert waiting.lookup(f"vozduxan:track:{BOX.infohash}:9:2") == []


class Lengths:
    """Reads lengths when somebody waits; notes what it is asked."""

    def __init__(self, catalog):
        self.catalog = catalog
        self.open, self.waits, self.found = [], [], {}

    def opened(self, infohash):
        self.open.append(infohash)

    def again(self, infohash):
        self.open.append(("again", infohash))

    def stop(self):
        self.stopped = True

    def wait(self, infohashes, until):
        self.waits.append((set(infohashes), until))
        for infohash, length_ms in self.found.items():
            for index in self.catalog.scans.unscanned(infohash):
                self.catalog.scans.keep_tags(infohash, index, Tags(length_ms=length_ms))


@pytest.fixture
def lengths(catalog):
    return Lengths(catalog)


@pytest.fixture
def waiting(catalog, adder, lengths):
    return VozduxanLibraryProvider(None, catalog, adder, 3, lengths=lengths)


def test_a_lookup_waits_for_lengths(waiting, lengths):
    lengths.found[ALBUM.infohash] = 4321
    before = time.monotonic()
    found = waiting.lookup(f"vozduxan:album:{ALBUM.infohash}")
    assert {t.length for t in found} == {4321}
    ((infohashes, until),) = lengths.waits
    assert infohashes == {ALBUM.infohash}
    assert 2 < until - before <= time.monotonic() - before + 3
    waiting.lookup(f"vozduxan:album:{ALBUM.infohash}")
    assert len(lengths.waits) == 1  # all is known now


def test_one_wait_serves_all_of_a_lookup(waiting, lengths):
    lengths.found = {ALBUM.infohash: 1000, BOX.infohash: 2000}
    uris = [f"vozduxan:track:{i.infohash}:{n}" for i in (ALBUM, BOX) for n in (0, 1)]
    found = waiting.lookup_many(uris)
    assert [t.length for uri in uris for t in found[uri]] == [1000, 1000, 2000, 2000]
    assert list(found) == uris
    assert len(lengths.waits) == 1


def test_who_browses_opens_and_nobody_waits(waiting, lengths):
    waiting.browse(f"vozduxan:directory:{BOX.infohash}")
    waiting.browse("vozduxan:directory:root")
    assert lengths.open == [BOX.infohash]
    waiting.lookup("vozduxan:artist:Kino")
    assert lengths.waits == []


def test_what_was_found_later_is_read_at_once_and_not_waited_for(
    waiting, lengths, catalog
):
    uri = f"vozduxan:track:{ALBUM.infohash}:0"
    assert waiting.known(uri)
    assert (lengths.open, lengths.waits) == ([ALBUM.infohash], [])
    catalog.scans.keep_tags(ALBUM.infohash, 0, Tags(length_ms=1000))
    waiting.known(uri)
    assert lengths.open == [ALBUM.infohash], "nothing is left to read"


def test_refreshing_a_torrent_reads_its_tags_again(waiting, lengths, catalog):
    catalog.scans.keep_tags(ALBUM.infohash, 0, Tags(title="x"))
    assert catalog.scans.unscanned(ALBUM.infohash) == [2, 1]
    waiting.refresh(f"vozduxan:album:{ALBUM.infohash}")
    assert catalog.scans.unscanned(ALBUM.infohash) == [2, 0, 1]
    assert lengths.open == [("again", ALBUM.infohash)]


def test_refreshing_all_looks_into_the_folders(catalog, adder):
    rescans = []
    library = VozduxanLibraryProvider(
        None, catalog, adder, 3, rescan=lambda: rescans.append(1)
    )
    library.refresh()
    library.refresh("vozduxan:directory:root")
    assert rescans == [1, 1]
    VozduxanLibraryProvider(None, catalog, adder, 3).refresh()
    library.refresh("nonsense")


def test_images_are_what_the_covers_have(catalog, adder):
    class Covers:
        def urls(self, uris):
            return {uri: ["/vozduxan/image/x"] for uri in uris if uri == "a"}

    library = VozduxanLibraryProvider(None, catalog, adder, 3, covers=Covers())
    images = library.get_images(iter(["a", "b"]))
    assert {uri: [i.uri for i in found] for uri, found in images.items()} == {
        "a": ["/vozduxan/image/x"]
    }
    library = VozduxanLibraryProvider(None, catalog, adder, 3)
    assert library.get_images(["a"]) == {}
