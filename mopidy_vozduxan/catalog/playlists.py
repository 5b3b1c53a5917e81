"""The playlists in torrents."""

from __future__ import annotations

from collections.abc import Sequence

from mopidy_vozduxan.catalog import playlist_rows
from mopidy_vozduxan.catalog.playlist_rows import Playlist
from mopidy_vozduxan.catalog.records import Records
from mopidy_vozduxan.torrent.uris import PlaylistUri


class Playlists:
    """Playlists; for any thread. All may raise :class:`StorageFailed`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def all(self) -> list[Playlist]:
        """Return every playlist without its tracks, in a stable order."""
        return self._records.file.read(playlist_rows.list_playlists)

    def get(self, infohash: str, index: int) -> Playlist | None:
        """Return one playlist; None where it is unknown."""
        uri = PlaylistUri(infohash, index)
        return self._records.file.read(lambda db: playlist_rows.read_playlist(db, uri))

    def keep(self, infohash: str, index: int, name: str, tracks: Sequence[str]) -> None:
        """Keep that file ``index`` is a playlist of these track URIs."""
        uri = PlaylistUri(infohash, index)
        self._records.write(
            infohash, lambda db: playlist_rows.write_playlist(db, uri, name, tracks)
        )
