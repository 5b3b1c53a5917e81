"""Our playlists for Mopidy: the read-only ones in torrents.

Answers from the catalog, and never raises. Another backend (Mopidy's ``m3u``) keeps
listeners' own playlists, with the URIs of our tracks.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mopidy import backend

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.catalog.playlist_rows import Playlist
from mopidy_vozduxan.exceptions import BadInput, StorageFailed
from mopidy_vozduxan.library import translator
from mopidy_vozduxan.scanning.m3u import playlist_name, read_playlist
from mopidy_vozduxan.torrent.layout import Layout, Track
from mopidy_vozduxan.torrent.metainfo import Metainfo
from mopidy_vozduxan.torrent.uris import PlaylistUri, TrackUri, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mopidy import models

logger = logging.getLogger(__name__)


def keep(catalog: Catalog, metainfo: Metainfo, index: int, data: bytes) -> None:
    """Keep file ``index`` of a torrent as a playlist, and tell clients.

    Raises :class:`BadInput` if it names none of the torrent's tracks.
    """
    path = metainfo.files[index].path
    named = read_playlist(data, path, metainfo)
    tracks = [str(TrackUri(metainfo.infohash, track)) for track in named]
    catalog.playlists.keep(
        metainfo.infohash, index, playlist_name(path, metainfo), tracks
    )
    backend.BackendListener.send("playlists_loaded")


class VozduxanPlaylistsProvider(backend.PlaylistsProvider):
    """Answers from ``catalog``."""

    def __init__(self, backend: object, catalog: Catalog) -> None:
        super().__init__(backend)
        self._catalog = catalog
        self._listed: tuple[Sequence[Playlist], list[models.Ref]] = (), []

    def as_list(self) -> list[models.Ref]:
        """Return one ref per playlist, in natural order; names are unique."""
        try:
            known = self._catalog.playlists.all()
            if known != self._listed[0]:  # 10,000 take 0.2 s to sort and name
                self._listed = known, translator.playlist_refs(known)
            return list(self._listed[1])
        except StorageFailed as exc:  # the catalog has said what is wrong
            logger.debug("playlists: %s", exc)
        except Exception:
            logger.exception("Vozduxan: Cannot list the playlists")
        return []

    def get_items(self, uri: str) -> list[models.Ref] | None:
        """Return refs to a playlist's tracks; None for one that is unknown."""
        found = self._find(uri)
        return translator.playlist_items(self._tracks(found)) if found else None

    def lookup(self, uri: str) -> models.Playlist | None:
        """Return a playlist with its tracks; None for one that is unknown."""
        found = self._find(uri)
        return translator.playlist(found, self._tracks(found)) if found else None

    def refresh(self) -> None:
        """Do nothing: the catalog is always up to date."""

    def create(self, name: str) -> models.Playlist | None:
        """Return None, so that core asks the next backend."""
        return None

    def delete(self, uri: str) -> bool:
        """Return False: a torrent's files cannot be deleted."""
        return False

    def save(self, playlist: models.Playlist) -> models.Playlist | None:
        """Return None: a torrent's files cannot be changed."""
        return None

    def _find(self, uri: str) -> Playlist | None:
        try:
            match parse(uri):
                case PlaylistUri(infohash, index):
                    return self._catalog.playlists.get(infohash, index)
        except (BadInput, StorageFailed) as exc:
            logger.debug("playlist: %s", exc)
        except Exception:
            logger.exception("Vozduxan: Cannot look up the playlist %s", uri[:200])
        return None

    def _tracks(self, playlist: Playlist) -> list[Track]:
        try:
            layout = self._catalog.tracks.layout(playlist.uri.infohash)
        except StorageFailed as exc:
            logger.debug("playlist: %s", exc)
            return []
        except Exception:
            logger.exception("Vozduxan: Cannot look up “%s”", playlist.name)
            return []
        uris = map(parse, playlist.tracks)
        return [t for uri in uris for t in _meant(layout, uri)] if layout else []


def _meant(layout: Layout, uri: object) -> list[Track]:
    """Return the track that a playlist's line names, or the parts of its file."""
    if not isinstance(uri, TrackUri):
        return []
    track = layout.track(uri)
    return [track] if track else layout.tracks_of(uri.index)
