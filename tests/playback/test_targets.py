"""What a URI has us play, with a catalog and nobody else who knows anything."""

import pytest

from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.parsing import read_with_magnet
from mopidy_vozduxan.exceptions import BadInput, FetchFailed, MetadataTimeout
from mopidy_vozduxan.playback.targets import Targets
from mopidy_vozduxan.scanning.lookups import Lengths
from mopidy_vozduxan.sources.adding import Adder
from mopidy_vozduxan.torrent.tags import Part, Tags
from mopidy_vozduxan.torrent.uris import AddUri, TrackUri
from tests.metainfos import metainfo, source_of

ALBUM = metainfo("Album", ["Album.flac"])
STRANGER = "ef" * 20


class Nobody:
    """The swarms and the web, which know nothing."""

    def __init__(self):
        self.asked = []

    async def fetch_metainfo(self, source):
        self.asked.append(source.infohash)
        raise MetadataTimeout("Nobody knows.")

    async def fetch(self, url):
        raise FetchFailed("Nothing is there.")


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.db")
    catalog.collection.add(source_of(ALBUM), ALBUM)
    yield catalog
    catalog.close()


@pytest.fixture
def nobody():
    return Nobody()


@pytest.fixture
def opened():
    return []


@pytest.fixture
def targets(catalog, nobody, opened):
    bridge = Bridge()
    bridge.start()
    adder = Adder(
        catalog, read_with_magnet, bridge.ask, nobody.fetch_metainfo, nobody.fetch
    )
    yield Targets(catalog, adder, Lengths(opened.append))
    bridge.stop()


def track(infohash=ALBUM.infohash, part=None):
    return str(TrackUri(infohash, 0, part))


def test_a_track_is_a_file_of_a_known_torrent(targets):
    target = targets.named(track(), 1234)
    assert (target.metainfo, target.index, target.length_ms) == (ALBUM, 0, 1234)
    assert target.part is None


def test_a_track_of_an_unknown_torrent_is_played_by_its_infohash(targets):
    target = targets.named(track(STRANGER), None)
    assert target.metainfo is None
    assert target.source.magnet == f"magnet:?xt=urn:btih:{STRANGER}"


def test_a_part_is_played_without_the_length_of_its_track(targets, catalog):
    part = Part(2, 750, 1500, Tags("Two"))
    catalog.sheets.keep(ALBUM.infohash, 0, [Part(1, 0, 750, Tags("One")), part])
    target = targets.named(track(part=2), 1234)
    assert (target.part.start, target.part.stop) == (750, 1500)
    assert target.length_ms is None


def test_a_part_whose_sheet_was_not_read_has_it_read(targets, opened):
    with pytest.raises(BadInput, match="not known yet"):
        targets.named(track(part=2), None)
    assert opened == [ALBUM.infohash]


def test_a_part_of_an_unknown_torrent_has_it_searched_for(targets, catalog):
    with pytest.raises(BadInput, match="not known yet"):
        targets.named(track(STRANGER, part=2), None)
    assert catalog.torrents.source(STRANGER)


def test_a_magnet_is_played_before_its_metadata_is_here(targets):
    target = targets.named(f"magnet:?xt=urn:btih:{STRANGER}&so=3", 1234)
    assert (target.source.infohash, target.metainfo) == (STRANGER, None)
    assert (target.index, target.length_ms) == ((3,), None)


def test_what_a_url_leads_to_is_not_known_before_it_was_read(targets):
    with pytest.raises(FetchFailed):
        targets.named(str(AddUri("http://127.0.0.1/a.torrent")), None, 10)


def test_what_is_no_track_is_refused(targets):
    with pytest.raises(BadInput, match="names no track"):
        targets.named(f"vozduxan:album:{ALBUM.infohash}", None)
