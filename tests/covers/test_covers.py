"""Where clients are sent for covers: one call, no swarm, no surprise."""

from __future__ import annotations

import pytest

from mopidy_vozduxan.covers.covers import LOOKING_S, Covers
from mopidy_vozduxan.covers.kept_pictures import KeptPictures, PictureName
from mopidy_vozduxan.torrent.metainfo import Metainfo
from tests.covers.pictures import picture
from tests.metainfos import metainfo

ALBUM = metainfo("Album", ["01.flac", "02.flac", "cover.jpg", "Scans/front.png"])
BARE = metainfo("Bare", ["01.flac", "02.flac", "photo.jpg"])
BOX = metainfo("Box", ["CD1/1.flac", "CD1/front.jpg", "CD2/1.flac", "CD2/folder.png"])


class FakeCatalog:
    def __init__(self, *infos) -> None:
        self.known = {info.infohash: info for info in infos}
        self.asked = 0
        self.search, self.torrents, self.albums_version = self, self, 0
        self.by_artist: dict[str, list[tuple[str, int]]] = {}

    def albums_by_artist(self) -> dict[str, list[tuple[str, int]]]:
        return dict(self.by_artist)

    def metainfo(self, infohash: str) -> Metainfo | None:
        self.asked += 1
        return self.known.get(infohash)


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog(ALBUM, BARE, BOX)


@pytest.fixture
def kept(tmp_path) -> KeptPictures:
    return KeptPictures(tmp_path / "images")


@pytest.fixture
def covers(catalog, kept) -> Covers:
    return Covers(catalog, kept)


def image(info, index: int, tail: str = "") -> list[str]:
    return [f"/vozduxan/image/{info.infohash}/{index}{tail}"]


@pytest.mark.parametrize(
    ("uri", "info", "index"),
    [
        (f"vozduxan:track:{ALBUM.infohash}:1", ALBUM, 2),
        (f"vozduxan:track:{ALBUM.infohash}:1:7", ALBUM, 2),
        (f"vozduxan:album:{ALBUM.infohash}", ALBUM, 2),
        (f"vozduxan:directory:{ALBUM.infohash}", ALBUM, 2),
        (f"vozduxan:playlist:{ALBUM.infohash}:0", ALBUM, 2),
        (f"magnet:?xt=urn:btih:{ALBUM.infohash}&dn=x", ALBUM, 2),
        (f"vozduxan:album:{BOX.infohash}:1", BOX, 3),
        (f"vozduxan:track:{BOX.infohash}:2", BOX, 3),
        (f"vozduxan:directory:{BOX.infohash}", BOX, 1),
        (f"vozduxan:album:{BARE.infohash}", BARE, 2),
    ],
)
def test_each_uri_has_its_picture(covers, uri, info, index):
    assert covers.urls([uri]) == {uri: image(info, index)}


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "nonsense",
        "http://example.org/cover.jpg",
        "magnet:?xt=nothing",
        "vozduxan:directory:root",
        "vozduxan:directory:albums",
        "vozduxan:artist:Somebody",
        "vozduxan:add:http%3A%2F%2Fexample.org%2Fx.torrent",
        f"vozduxan:album:{'0' * 40}",
        f"vozduxan:album:{BOX.infohash}:9",
        f"vozduxan:track:{ALBUM.infohash}:2",
        f"vozduxan:track:{ALBUM.infohash}:999",
    ],
)
def test_where_there_is_none_the_list_is_empty(covers, uri):
    assert covers.urls([uri]) == {uri: []}


def test_an_artist_has_the_cover_of_an_album(covers, catalog):
    uri = "vozduxan:artist:AC%2FDC"
    assert covers.urls([uri]) == {uri: []}
    nowhere, second = ("0" * 40, 0), (BOX.infohash, 1)
    catalog.by_artist["AC/DC"] = [nowhere, second]
    assert covers.urls([uri]) == {uri: []}  # what was found is kept
    catalog.albums_version += 1
    assert covers.urls([uri]) == {uri: image(BOX, 3)}


def test_a_torrent_is_named_as_it_names_itself(covers, catalog):
    """A hybrid's magnet may hold its v2 hash alone."""
    catalog.known["f" * 64] = ALBUM
    uri = f"magnet:?xt=urn:btmh:1220{'f' * 64}"
    assert covers.urls([uri]) == {uri: image(ALBUM, 2)}


def test_exactly_what_was_asked_for_is_answered(covers):
    uris = [f"vozduxan:album:{BOX.infohash}:0", "x", f"vozduxan:track:{'1' * 40}:0"]
    assert covers.urls(iter(uris)).keys() == set(uris)


def test_the_catalog_is_asked_once_for_each_torrent(covers, catalog):
    uris = [f"vozduxan:track:{ALBUM.infohash}:{n % 4}" for n in range(100)]
    assert covers.urls(uris)
    assert catalog.asked == 1


def test_one_call_takes_no_longer_than_core_can_wait(catalog, kept):
    times = iter([0.0, 0.1, LOOKING_S + 0.1, 9.0, 9.0, 9.1])
    covers = Covers(catalog, kept, lambda: next(times))
    uris = [f"vozduxan:directory:{info.infohash}" for info in (ALBUM, BOX)]
    assert covers.urls(uris) == {uris[0]: image(ALBUM, 2), uris[1]: []}
    assert covers.urls(uris) == {uris[0]: image(ALBUM, 2), uris[1]: image(BOX, 1)}


def test_metadata_that_comes_later_counts(covers, catalog):
    info = catalog.known.pop(ALBUM.infohash)
    uri = f"vozduxan:album:{ALBUM.infohash}"
    assert covers.urls([uri]) == {uri: []}
    catalog.known[ALBUM.infohash] = info
    assert covers.urls([uri]) == {uri: image(ALBUM, 2)}


def test_an_embedded_picture_comes_before_a_nameless_file(covers):
    covers.keep_embedded(BARE.infohash, 0, picture())
    for uri in (f"vozduxan:album:{BARE.infohash}", f"vozduxan:track:{BARE.infohash}:1"):
        assert covers.urls([uri]) == {uri: image(BARE, 0, "/embedded")}


def test_a_cover_comes_before_an_embedded_picture(covers):
    covers.keep_embedded(ALBUM.infohash, 0, picture())
    uri = f"vozduxan:album:{ALBUM.infohash}"
    assert covers.urls([uri]) == {uri: image(ALBUM, 2)}


def test_a_folder_keeps_one_embedded_picture(covers, kept):
    covers.keep_embedded(BARE.infohash, 1, picture(seed=1))
    covers.keep_embedded(BARE.infohash, 0, picture(seed=2))
    covers.keep_embedded(BOX.infohash, 0, picture(seed=3))
    covers.keep_embedded(BOX.infohash, 2, picture(seed=4))
    assert kept.embedded(BARE.infohash) == {1}
    assert kept.embedded(BOX.infohash) == {0, 2}


def test_an_embedded_file_that_is_no_picture_is_passed_over(covers, kept):
    covers.keep_embedded(BARE.infohash, 0, b"<html>")
    assert kept.embedded(BARE.infohash) == frozenset()


def test_what_was_refused_is_not_offered_again(covers):
    uri = f"vozduxan:album:{ALBUM.infohash}"
    covers.refuse(PictureName(ALBUM.infohash, 2))
    assert covers.urls([uri]) == {uri: image(ALBUM, 3)}
    covers.refuse(PictureName(ALBUM.infohash, 3))
    assert covers.urls([uri]) == {uri: []}
    covers.keep_embedded(ALBUM.infohash, 1, picture())
    assert covers.urls([uri]) == {uri: image(ALBUM, 1, "/embedded")}


def test_an_embedded_picture_stands_in_for_its_folders_cover(covers):
    covers.keep_embedded(BOX.infohash, 2, picture())
    embedded = PictureName(BOX.infohash, 2, embedded=True)
    assert covers.stand_in(PictureName(BOX.infohash, 3)) == embedded
    assert covers.stand_in(PictureName(BOX.infohash, 1)) is None
    assert covers.stand_in(PictureName("9" * 40, 1)) is None


def test_a_forgotten_torrent_has_no_pictures(covers, catalog, kept):
    covers.keep_embedded(BARE.infohash, 0, picture())
    uri = f"vozduxan:album:{BARE.infohash}"
    assert covers.urls([uri])[uri]
    del catalog.known[BARE.infohash]
    covers.forget(BARE.infohash)
    assert covers.urls([uri]) == {uri: []}
    assert kept.embedded(BARE.infohash) == frozenset()
