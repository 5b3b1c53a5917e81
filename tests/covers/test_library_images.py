"""What core gets when it asks our library for images."""

from __future__ import annotations

from mopidy.models import Image

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.covers.covers import Covers
from mopidy_vozduxan.covers.kept_pictures import KeptPictures
from mopidy_vozduxan.library.library_provider import VozduxanLibraryProvider
from tests.metainfos import metainfo, source_of

ALBUM = metainfo("Kino - Album", ["01.flac", "cover.jpg"])


def no_swarm(source: object, timeout: float) -> None:
    raise AssertionError("covers are told without a swarm")


def library(catalog: Catalog, covers: object) -> VozduxanLibraryProvider:
    return VozduxanLibraryProvider(None, catalog, no_swarm, 3, covers)


def test_images_are_urls_below_the_servers_root(tmp_path):
    catalog = Catalog(tmp_path / "catalog.db")
    catalog.collection.add(source_of(ALBUM), ALBUM)
    covers = Covers(catalog, KeptPictures(tmp_path / "images"))
    album = f"vozduxan:album:{ALBUM.infohash}"
    uris = [album, "vozduxan:directory:root", "nonsense", "vozduxan:artist:Kino"]
    images = library(catalog, covers).get_images(uris)
    assert images.keys() <= set(uris)
    url = f"/vozduxan/image/{ALBUM.infohash}/1"
    assert images[album] == images[uris[3]] == [Image(uri=url)]
    assert not images.get(uris[1])
    assert not images.get(uris[2])
    catalog.close()


def test_a_failing_catalog_means_no_images(tmp_path, caplog):
    catalog = Catalog(tmp_path / "catalog.db")
    catalog.close()
    covers = Covers(catalog, KeptPictures(tmp_path / "images"))
    uri = f"vozduxan:album:{ALBUM.infohash}"
    assert not library(catalog, covers).get_images([uri]).get(uri)
