"""Turns our URIs into targets to play. Blocks: not for an event loop."""

from __future__ import annotations

from dataclasses import replace

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.exceptions import BadInput, MetadataTimeout
from mopidy_vozduxan.naming.magnet_links import read_magnet
from mopidy_vozduxan.scanning.lookups import Lengths
from mopidy_vozduxan.sources.adding import Adder
from mopidy_vozduxan.sources.wishes import Added, Wish, wish_in
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.tags import Part
from mopidy_vozduxan.torrent.uris import AddUri, MagnetUri, TrackUri, magnet_of, parse


class Targets:
    """Looks in ``catalog``, and adds unknown torrents with ``adder``.

    ``lengths`` makes the scanner read a sheet that a part needs.
    """

    def __init__(self, catalog: Catalog, adder: Adder, lengths: Lengths) -> None:
        self._catalog = catalog
        self._adder = adder
        self._lengths = lengths

    def named(self, uri: str, length_ms: int | None, patience_s: float = 0.0) -> Target:
        """Return the file that ``uri`` names.

        Waits at most ``patience_s`` for a torrent of which only a URL is known. Raises
        :class:`BadInput`, or the reason why there is no file.
        """
        match parse(uri):
            case TrackUri(infohash=infohash, index=index, part=None):
                source = self._catalog.torrents.source(infohash)
                source = source or read_magnet(magnet_of(infohash))
                metainfo = self._catalog.torrents.metainfo(infohash)
                return Target(source, metainfo, index, length_ms)
            case TrackUri(infohash=infohash, index=index, part=int(number)):
                whole = self.named(str(TrackUri(infohash, index)), None)
                return replace(whole, part=self._part(infohash, index, number))
            case MagnetUri() | AddUri() as torrent:
                return self._of_added(self._added(wish_in(uri, torrent), patience_s))
        raise BadInput(f"{uri} names no track.")

    def _part(self, infohash: str, index: int, number: int) -> Part:
        part = self._catalog.sheets.part(infohash, index, number)
        if part is None:
            # The sheet's parts replace the track as soon as it is read.
            if self._catalog.torrents.metainfo(infohash):
                self._lengths.opened(infohash)
            else:
                self._adder.begin(magnet_of(infohash))
            raise BadInput(
                f"The beginning of track {number} in its file is not known yet:"
                " try again when its CUE sheet is read."
            )
        return part

    def _added(self, wish: Wish, patience_s: float) -> Added:
        added = self._adder.add(wish, 0.0)
        # A swarm can be joined at once; a URL has to be read first.
        return added if added.infohash else self._adder.add(wish, patience_s)

    def _of_added(self, added: Added) -> Target:
        # The length of a torrent's stand-in is not that of a track.
        source = self._catalog.torrents.source(added.infohash or "")
        if source is None:
            raise MetadataTimeout(f"“{added.name}” is still being fetched.")
        return Target(
            source, self._catalog.torrents.metainfo(source.infohash), added.files
        )
