"""The SQLite file under the catalog: connections, transactions, damage.

It knows no table. Readers have a connection of their own, so that, thanks to
WAL, they never wait for a writer. Foreign errors come out as
:class:`StorageFailed`; a damaged file is set aside and a new one begun.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mopidy_vozduxan.catalog.schema import migrate
from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.names import folded

logger = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

# sqlite.org/rescode.html: the low byte of SQLITE_CORRUPT* and SQLITE_NOTADB
_DAMAGE = frozenset({11, 26})


class CatalogFile:
    """The file at ``path``; raises :class:`StorageFailed` if it cannot open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._guarded(self._open)

    def read(self, work: Work[T]) -> T:
        """Return what ``work`` returns; one reader works at a time."""

        def locked() -> T:
            with self._read_lock:
                return work(self._reader)

        return self._guarded(locked)

    def write(self, work: Work[T]) -> T:
        """Do ``work`` in one transaction; one writer works at a time."""

        def locked() -> T:
            with self._write_lock, self._writer:  # commits, or rolls back
                return work(self._writer)

        return self._guarded(locked)

    def close(self) -> None:
        """Close the file; every later call raises :class:`StorageFailed`."""
        with self._write_lock, self._read_lock:
            self._close()

    def _guarded(self, attempt: Callable[[], T]) -> T:
        opened = getattr(self, "_writer", None)
        try:
            return attempt()
        except sqlite3.Error as exc:
            if not _is_damage(exc):
                raise self._failed(exc) from exc
        try:
            self._begin_anew(opened)
            return attempt()
        except (sqlite3.Error, OSError) as exc:
            raise self._failed(exc) from exc

    def _failed(self, exc: Exception) -> StorageFailed:
        return StorageFailed(f"The catalog {self._path} cannot be used: {exc}.")

    def _open(self) -> None:
        writer = self._connect()
        try:
            migrate(writer)
            self._reader = self._connect()
        except sqlite3.Error:
            writer.close()
            raise
        self._writer = writer

    def _close(self) -> None:
        self._reader.close()
        self._writer.close()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self._path, timeout=5, isolation_level="IMMEDIATE", check_same_thread=False
        )
        try:
            db.execute("PRAGMA journal_mode = WAL")
            # A power cut may lose the last torrents added, never the file.
            db.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.Error:
            db.close()
            raise
        db.create_function("fold", 1, folded, deterministic=True)
        return db

    def _begin_anew(self, opened: sqlite3.Connection | None) -> None:
        """Replace the file, unless another thread did so since ``opened``."""
        with self._write_lock, self._read_lock:
            if getattr(self, "_writer", None) is not opened:
                return
            if opened:
                self._close()
            self._set_aside()
            if opened:
                self._open()

    def _set_aside(self) -> None:
        aside = f"{self._path}.damaged-{time.time_ns()}"
        for ending in ("", "-wal"):
            part = Path(f"{self._path}{ending}")
            if part.exists():
                part.rename(f"{aside}{ending}")
        Path(f"{self._path}-shm").unlink(missing_ok=True)
        logger.error(
            "Vozduxan: The catalog is damaged. It was set aside as %s and a new one"
            " begun; torrents in torrent_dirs come back at the next start",
            aside,
        )


def _is_damage(exc: sqlite3.Error) -> bool:
    code: int = getattr(exc, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGE
