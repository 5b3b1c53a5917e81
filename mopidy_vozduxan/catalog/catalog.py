"""Our record of torrents and their tracks: one small class for each noun.

It has two faces. Mopidy's actors call the blocking one from their own threads:
``catalog.torrents.source(infohash)``. Our event loop awaits the other one, which has
the same names: ``await catalog.on_loop.torrents.source(infohash)``.

The catalog never fetches, and never touches payload. Reads take well under a
millisecond, searches tens of them. All calls raise :class:`StorageFailed` if the disk
fails.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from mopidy_vozduxan.catalog.collection import Collection
from mopidy_vozduxan.catalog.found_files import FoundFiles
from mopidy_vozduxan.catalog.hearings import Hearings
from mopidy_vozduxan.catalog.keeps import Keeps
from mopidy_vozduxan.catalog.on_loop import AsyncCatalog
from mopidy_vozduxan.catalog.playlists import Playlists
from mopidy_vozduxan.catalog.records import Records
from mopidy_vozduxan.catalog.recovery import recover
from mopidy_vozduxan.catalog.scans import Scans
from mopidy_vozduxan.catalog.search import Search
from mopidy_vozduxan.catalog.sheets import Sheets
from mopidy_vozduxan.catalog.torrents import Torrents
from mopidy_vozduxan.catalog.tracks import Tracks
from mopidy_vozduxan.catalog.traffic import Traffic
from mopidy_vozduxan.torrent.metainfo import ReadTorrent


class Catalog:
    """The catalog at ``path``; raises :class:`StorageFailed` if it cannot open.

    A ``patient`` one opens later, and is read as it is until then.

    Lists and searches cover the library only. A look-up by infohash also finds torrents
    that have left it.
    """

    def __init__(self, path: Path, *, patient: bool = False) -> None:
        #: Called, on any thread, after a damaged file was set aside.
        self.on_damaged: Callable[[], None] = lambda: None
        self._records = Records(path, lambda: self.on_damaged(), patient=patient)
        self.torrents = Torrents(self._records)
        self.collection = Collection(self._records)
        self.found_files = FoundFiles(self._records)
        self.tracks = Tracks(self._records)
        self.scans = Scans(self._records)
        self.sheets = Sheets(self._records)
        self.playlists = Playlists(self._records)
        self.keeps = Keeps(self._records)
        self.search = Search(self._records.file)
        self.hearings = Hearings(self._records)
        self.traffic = Traffic(self._records)
        self.on_loop = AsyncCatalog(
            self.torrents,
            self.collection,
            self.scans,
            self.sheets,
            self.hearings,
            self.traffic,
        )

    @property
    def trouble(self) -> str | None:
        """What is wrong with its disk now, as a sentence without its end."""
        return self._records.complaints.trouble

    @property
    def torrents_version(self) -> int:
        """A number that changes whenever torrents come or go."""
        return self._records.torrents_version

    @property
    def albums_version(self) -> int:
        """A number that changes whenever albums look different."""
        return self._records.albums_version

    def complete(self, stop: threading.Event) -> None:
        """Name the tracks of torrents that an older version kept without tracks.

        Takes some 2 ms for each; ends early once ``stop`` is set.
        """
        self.tracks.complete(stop)

    def recover(self, read_torrent: ReadTorrent) -> int:
        """Restore what can be read of damaged files that were set aside.

        Returns the number of torrents. Takes some 5 ms for each.
        """
        return recover(self._records, self.torrents, self.collection, read_torrent)

    def close(self) -> None:
        """Close the files; every later call that needs them raises."""
        self.on_loop.close()
        self._records.close()
