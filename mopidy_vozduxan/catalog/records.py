"""The two files under the catalog, and the consequences of a change in them.

Torrents that have left the library are kept in a second file beside the catalog, and
are still found by their infohash. Safe to call from any thread; all calls may raise
:class:`StorageFailed`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from mopidy_vozduxan.catalog import moving, torrent_rows
from mopidy_vozduxan.catalog.complaints import Complaints
from mopidy_vozduxan.catalog.database import CatalogFile, Work
from mopidy_vozduxan.catalog.kept_layouts import KeptLayouts

T = TypeVar("T")
Change = Callable[[sqlite3.Connection], object]


class Records:
    """The file at ``path``, and the one beside it for torrents that have left.

    ``damaged`` is called, on any thread, after a damaged file was set aside.
    """

    def __init__(
        self, path: Path, damaged: Callable[[], None], *, patient: bool = False
    ) -> None:
        #: They count how often torrents came or went, and how often albums changed
        #: their looks.
        self.torrents_version = self.albums_version = 0
        self.layouts = KeptLayouts()
        self._damaged = damaged
        self.complaints = Complaints(path.parent)

        def opened(path: Path) -> CatalogFile:
            return CatalogFile(path, self._replaced, self.complaints, patient=patient)

        self.file = opened(path)
        self.left = opened(path.with_name(f"{path.stem}-left{path.suffix}"))

    def close(self) -> None:
        """Close the files; every later call that needs them raises."""
        self.file.close()
        self.left.close()

    # --- where a torrent is

    def has(self, infohash: str) -> bool:
        """Return whether a torrent is in the library."""
        return self.file.read(lambda db: _holds(db, infohash))

    def has_left(self, infohash: str) -> bool:
        """Return whether a torrent has left the library, and is still known."""
        return self.left.read(lambda db: _holds(db, infohash))

    def home(self, infohash: str) -> CatalogFile:
        """Return the file that holds a torrent; the catalog if it is unknown."""
        if self.has(infohash) or not self.has_left(infohash):
            return self.file
        return self.left

    def read(self, infohash: str, work: Work[T]) -> T:
        """Return what ``work`` reads of a torrent, in whichever file it is."""
        found = self.file.read(work)
        if not found and self.home(infohash) is self.left:
            return self.left.read(work)
        return found

    def write(self, infohash: str, work: Change) -> None:
        """Do ``work``, which changes no album, in the file that holds the torrent."""
        self.home(infohash).write(work)

    # --- what follows from a change

    def change(self, infohash: str, work: Change) -> None:
        """Do ``work`` on tracks of a torrent, in whichever file it is."""
        self.change_in(self.home(infohash), work, [infohash])

    def change_in(
        self, file: CatalogFile, work: Change, infohashes: Iterable[str]
    ) -> bool:
        """Do ``work`` on tracks of these torrents, in one transaction.

        ``work`` returns whether albums look different after it, and so does this.
        """
        different = True
        try:
            different = bool(file.write(work))
        finally:
            self.layouts.forget(*infohashes)
            self.albums_version += different
        return different

    def change_library(
        self, work: Callable[[sqlite3.Connection], bool], *infohashes: str
    ) -> None:
        """Do ``work``; it returns whether torrents came, went or look different."""
        # First, because opening the file again counts too.
        different = self.change_in(self.file, work, infohashes)
        self.torrents_version += different

    def went(self, infohashes: Iterable[str]) -> None:
        """Note that torrents left the library."""
        self.layouts.forget(*infohashes)
        self.torrents_version += 1
        self.albums_version += 1

    # --- from one file to the other, in the caller's transaction

    def let_go(self, db: sqlite3.Connection, name: str) -> None:
        """Move a torrent from the library ``db`` to the other file."""
        self.left.write(lambda aside: moving.copy(db, aside, name))
        moving.delete(db, name)

    def bring_back(self, db: sqlite3.Connection, infohash: str) -> bool:
        """Copy a torrent back into the library ``db``; return whether it had left."""
        name = torrent_rows.name_of(db, infohash)
        if torrent_rows.is_kept(db, name):
            return False
        if not self.left.read(lambda aside: moving.copy(aside, db, name)):
            return False
        moving.index(db, name)
        return True

    def _replaced(self) -> None:
        self.layouts.forget_all()
        self.torrents_version += 1
        self.albums_version += 1
        self._damaged()


def _holds(db: sqlite3.Connection, infohash: str) -> bool:
    return torrent_rows.is_kept(db, torrent_rows.name_of(db, infohash))
