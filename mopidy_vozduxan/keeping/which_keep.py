"""What a listener's text names: a torrent, an album or a track, to keep or to export.

Accepts our URIs, magnet links, infohashes and prefixes of them, and names of torrents
and albums. Every call blocks.
"""

from __future__ import annotations

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.exceptions import BadInput, NoSuchTorrent
from mopidy_vozduxan.naming.files_named import files_named
from mopidy_vozduxan.naming.magnet_links import read_magnet
from mopidy_vozduxan.sources import which_torrent
from mopidy_vozduxan.torrent.uris import (
    SCHEMES,
    AlbumUri,
    Keep,
    MagnetUri,
    TrackUri,
    keep_of,
    parse,
)

#: How many albums with the words of a name are looked at.
MOST_FOUND = 1000
#: This many candidates are named when a name is ambiguous.
_SHOWN = 5


def find(catalog: Catalog, disk: DiskStore, text: str) -> Keep:
    """Return what the text names.

    Raises :class:`BadInput`, :class:`NoSuchTorrent`, :class:`NoSuchFile`.
    """
    text = text.strip()
    if text.partition(":")[0].lower() in SCHEMES:
        found = _by_uri(catalog, text)
    else:
        found = _by_hash(catalog, disk, text) or _by_name(catalog, text)
    if metainfo := catalog.torrents.metainfo(found.infohash):
        files_named(metainfo, found)
    return found


def _by_uri(catalog: Catalog, text: str) -> Keep:
    uri = parse(text)
    if isinstance(uri, MagnetUri):
        uri = AlbumUri(read_magnet(uri.text).infohash)
    keep = keep_of(uri)
    name = catalog.torrents.name_of(keep.infohash)
    if catalog.torrents.source(name) is None:
        raise NoSuchTorrent(f"There is no torrent {keep.infohash} in the library.")
    if isinstance(keep, TrackUri):
        return TrackUri(name, keep.index)
    return AlbumUri(name, keep.folder)


def _by_hash(catalog: Catalog, disk: DiskStore, text: str) -> Keep | None:
    try:
        return AlbumUri(which_torrent.find(catalog, disk, text))
    except NoSuchTorrent:
        return None
    except BadInput:
        if which_torrent.is_hex(text.lower()):
            raise  # more than one begins so
        return None


def _by_name(catalog: Catalog, text: str) -> Keep:
    wanted = text.casefold()
    torrents = {
        line.infohash: line.name
        for line in catalog.collection.inventory()
        if line.name and line.name.casefold() == wanted
    }
    found: dict[Keep, str] = {AlbumUri(i): name for i, name in torrents.items()}
    if not found:
        found = {
            album.uri: album.name
            for album in catalog.search.albums(text, MOST_FOUND)
            if album.name.casefold() == wanted
        }
    if len(found) > 1:
        several = ", ".join(str(keep) for keep in list(found)[:_SHOWN])
        raise BadInput(f"More than one is called “{text[:80]}”: {several}.")
    if not found:
        raise NoSuchTorrent(f"No torrent or album is called “{text[:80]}”.")
    return next(iter(found))
