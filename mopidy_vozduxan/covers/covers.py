"""Finds the cover of a track, an album or a torrent, without waiting.

Answers from memory and from the catalog, never from a swarm: clients ask for
hundreds of covers in one call, and core waits for the answer. Safe to call from any
thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.covers.choice import TorrentCovers, covers_of
from mopidy_vozduxan.covers.kept_pictures import KeptPictures, PictureName
from mopidy_vozduxan.covers.picture import checked
from mopidy_vozduxan.exceptions import BadInput, VozduxanError
from mopidy_vozduxan.naming.magnet_links import read_magnet
from mopidy_vozduxan.torrent.uris import (
    AlbumUri,
    AnyUri,
    ArtistUri,
    DirectoryUri,
    MagnetUri,
    PlaylistUri,
    TrackUri,
    parse,
)

logger = logging.getLogger(__name__)

#: Torrents whose covers are cached in memory, at about 1 kB each.
_REMEMBERED = 20_000
#: How long (s) one call may take. The first look at a torrent takes 0.15 ms, ten
#: times that on a small board, and clients ask for all torrents.
LOOKING_S = 0.5
#: How many albums of an artist to try for a picture.
_ALBUMS_TRIED = 5


_ByArtist = Mapping[str, Sequence[tuple[str, int]]]


class Covers:
    """The covers of everything in the catalog."""

    def __init__(
        self,
        catalog: Catalog,
        kept: KeptPictures,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalog = catalog
        self._kept = kept
        self._clock = clock
        self._known: dict[str, TorrentCovers] = {}
        self._refused: set[PictureName] = set()
        self._artists: tuple[int, _ByArtist] = -1, {}

    def urls(self, uris: Iterable[str]) -> dict[str, list[str]]:
        """Return root-relative URLs of pictures for each URI, mostly one or none.

        After :data:`LOOKING_S` the rest is left for the next call.
        """
        until = self._clock() + LOOKING_S
        return {uri: self._urls(uri, late=self._clock() > until) for uri in uris}

    def keep_embedded(self, infohash: str, index: int, data: bytes) -> None:
        """Keep the picture found in a track; one for each folder is enough.

        Blocks while it decodes the picture. Invalid pictures are skipped.
        """
        if self._has_embedded(infohash, index):
            return
        try:
            picture = checked(data)
        except BadInput as exc:
            logger.debug("Skipping an embedded picture: %s", exc)
            return
        self._kept.keep(PictureName(infohash, index, embedded=True), picture)

    def refuse(self, name: PictureName) -> None:
        """Skip a file from now on: it is not a picture."""
        self._refused.add(name)

    def stand_in(self, name: PictureName) -> PictureName | None:
        """Return an embedded picture in place of one that is not available."""
        covers = self._covers(name.infohash)
        if covers is None:
            return None
        found = (
            self._embedded_in(covers, number)
            for number, choice in enumerate(covers.folders)
            if name.index in (*choice.named, *choice.others)
        )
        return next(filter(None, found), None)

    def forget(self, infohash: str) -> None:
        """Forget a torrent's pictures, and delete the kept ones."""
        self._known.pop(infohash, None)
        self._refused = {name for name in self._refused if name.infohash != infohash}
        self._kept.forget(infohash)

    def _has_embedded(self, infohash: str, index: int) -> bool:
        """Whether a picture of the track's folder is kept already."""
        covers = self._covers(infohash)
        number = covers.folder_of(index) if covers else None
        if covers is None or number is None:
            return False
        return not self._kept.embedded(covers.infohash).isdisjoint(
            covers.tracks[number]
        )

    def _urls(self, uri: str, late: bool) -> list[str]:
        try:
            parsed = parse(uri)
            if late and getattr(parsed, "infohash", None) not in self._known:
                return []
            name = self._picture(parsed)
        except VozduxanError as exc:
            logger.debug("No cover for %s: %s", uri[:200], exc)
            return []
        return [url_of(name)] if name else []

    def _picture(self, uri: AnyUri) -> PictureName | None:
        match uri:
            case TrackUri(infohash, index):
                return self._of_track(infohash, index)
            case AlbumUri(infohash, number):
                return self._of_folder(infohash, number)
            case DirectoryUri(infohash) | PlaylistUri(infohash):
                return self._of_folder(infohash, None)
            case ArtistUri(name):
                return self._of_artist(name)
            case MagnetUri(text):
                return self._of_folder(read_magnet(text).infohash, None)
        return None

    def _of_artist(self, name: str) -> PictureName | None:
        """Return the cover of one of the artist's albums."""
        version = self._catalog.albums_version
        if self._artists[0] != version:  # some 20 ms for 10,000 albums
            self._artists = version, self._catalog.search.albums_by_artist()
        albums = self._artists[1].get(name, ())[:_ALBUMS_TRIED]
        return next(filter(None, (self._of_folder(*album) for album in albums)), None)

    def _of_track(self, infohash: str, index: int) -> PictureName | None:
        covers = self._covers(infohash)
        number = covers.folder_of(index) if covers else None
        return None if number is None else self._of_folder(infohash, number)

    def _of_folder(self, infohash: str, number: int | None) -> PictureName | None:
        covers = self._covers(infohash)
        if covers is None or (number is not None and number >= len(covers.folders)):
            return None
        choice = covers.whole if number is None else covers.folders[number]
        return (
            self._first(covers, choice.named)
            or self._embedded_in(covers, number)
            or self._first(covers, choice.others)
        )

    def _first(
        self, covers: TorrentCovers, indexes: Iterable[int]
    ) -> PictureName | None:
        names = (PictureName(covers.infohash, index) for index in indexes)
        return next((name for name in names if name not in self._refused), None)

    def _embedded_in(
        self, covers: TorrentCovers, number: int | None
    ) -> PictureName | None:
        here = self._kept.embedded(covers.infohash)
        if not here:
            return None
        folders = (
            covers.tracks if number is None else covers.tracks[number : number + 1]
        )
        found = (index for tracks in folders for index in tracks if index in here)
        return next((PictureName(covers.infohash, i, True) for i in found), None)

    def _covers(self, infohash: str) -> TorrentCovers | None:
        if known := self._known.get(infohash):
            return known
        metainfo = self._catalog.torrents.metainfo(infohash)
        if metainfo is None:
            return None
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        return self._known.setdefault(infohash, covers_of(metainfo))


def url_of(name: PictureName) -> str:
    """Return the URL of a picture, relative to the root of Mopidy's server."""
    embedded = "/embedded" if name.embedded else ""
    return f"/vozduxan/image/{name.infohash}/{name.index}{embedded}"
