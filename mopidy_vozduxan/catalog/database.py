"""The SQLite file under the catalog: connections, transactions, damage.

It knows no tables. Every reader has its own connection, so that, thanks to WAL, readers
wait neither for a writer nor for each other. SQLite's errors become
:class:`StorageFailed`. A damaged file is set aside, and a new one is begun.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from mopidy_vozduxan.catalog.backups import back_up
from mopidy_vozduxan.catalog.schema import is_empty, migrate
from mopidy_vozduxan.exceptions import StorageFailed

logger = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

#: Connections kept for readers; core, the scanner and the API rarely read at once.
MOST_IDLE = 4
#: How long to wait for another process that writes. Core waits with some of our calls,
#: and the largest of our transactions take 0.1 s.
LOCK_S = 2.0
#: Each failed attempt has waited for another process to finish its step.
WAL_ATTEMPTS = 10

# sqlite.org/rescode.html: the low byte of SQLITE_CORRUPT* and SQLITE_NOTADB
_DAMAGE = frozenset({11, 26})
# SQLITE_IOERR_SHORT_READ: somebody has deleted the WAL, or cut a file short.
_CUT_SHORT = 522
# SQLITE_IOERR*, SQLITE_FULL, SQLITE_CANTOPEN*; and the size of SQLite's first write.
_NO_ROOM = frozenset({10, 13, 14})
LEAST_ROOM = 64 * 1024


class _Deleted(sqlite3.DatabaseError):
    """Somebody has deleted or emptied the file, or put a folder in its place."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


class CatalogFile:
    """The file at ``path``; raises :class:`StorageFailed` if it cannot open.

    ``replaced`` is called, on any thread, after a damaged file was set aside and a new
    one begun; :meth:`take_aside` then returns the damaged one.
    """

    def __init__(self, path: Path, replaced: Callable[[], None]) -> None:
        self._path = path
        self._replaced = replaced
        self._aside: list[Path] = []
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()  # guards the attributes below
        self._writer: sqlite3.Connection | None = None
        self._idle: list[sqlite3.Connection] = []
        self._age = 0  # the number of files so far at this path
        self._guarded(self._begin)

    def read(self, work: Work[T]) -> T:
        """Return the result of ``work``."""

        def attempt() -> T:
            with self._reader() as db:
                return work(db)

        return self._guarded(attempt)

    def write(self, work: Work[T]) -> T:
        """Do ``work`` in one transaction; one writer works at a time."""

        def attempt() -> T:
            with self._write_lock, self._open_writer() as db:  # commits, or rolls back
                return work(db)

        return self._guarded(attempt)

    def take_aside(self) -> list[Path]:
        """Return the damaged files that were not returned before."""
        with self._read_lock:
            taken, self._aside = self._aside, []
        return taken

    def close(self) -> None:
        """Close the file; every later call raises :class:`StorageFailed`."""
        with self._write_lock, self._read_lock:
            self._close()

    # --- connections

    def _begin(self) -> None:
        with self._write_lock, self._read_lock:
            if self._writer is None:
                self._writer = self._open()

    def _open(self) -> sqlite3.Connection:
        db = self._connect()
        try:
            back_up(db, self._path)
            migrate(db)
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _open_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            raise sqlite3.ProgrammingError("it is closed")
        return self._writer

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        with self._read_lock:
            self._open_writer()
            age = self._age
            db = self._idle.pop() if self._idle else self._connect_again()
        try:
            yield db
        finally:
            with self._read_lock:
                if age == self._age and len(self._idle) < MOST_IDLE:
                    self._idle.append(db)
                else:
                    db.close()

    def _connect_again(self) -> sqlite3.Connection:
        # If the file is empty, SQLite deletes the WAL, and then waits for a lock.
        if _is_gone(self._path):
            raise _Deleted("it was emptied")
        db = self._connect()
        if is_empty(db):
            db.close()
            raise _Deleted("it was deleted")
        return db

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self._path,
            timeout=LOCK_S,
            isolation_level="IMMEDIATE",
            check_same_thread=False,
        )
        try:
            _use_wal(db)
            # A power cut may lose the last added torrents, but never the file.
            db.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _close(self) -> None:
        self._age += 1
        for db in self._idle:
            db.close()
        self._idle.clear()
        if self._writer:
            self._writer.close()
        self._writer = None

    # --- damage

    def _guarded(self, attempt: Callable[[], T]) -> T:
        age = self._age
        try:
            return attempt()
        except sqlite3.Error as exc:
            if not _is_damage(exc) and not self._path.is_dir():
                raise self._failed(exc) from exc
        try:
            if self._begin_anew(age):
                self._replaced()
            return attempt()
        except (sqlite3.Error, OSError) as exc:
            raise self._failed(exc) from exc

    def _failed(self, exc: Exception) -> StorageFailed:
        # SQLite (3.40) reports an I/O error if there is no room for its own files.
        reason = "the disk is full" if _has_no_room(exc, self._path.parent) else exc
        return StorageFailed(f"The catalog {self._path} cannot be used: {reason}.")

    def _begin_anew(self, age: int) -> bool:
        """Replace the file, unless another thread has done so since ``age``."""
        with self._write_lock, self._read_lock:
            if self._age != age:
                return False
            self._close()
            self._aside.append(self._set_aside())
            self._writer = self._open()
            return True

    def _set_aside(self) -> Path:
        aside = Path(f"{self._path}.damaged-{time.time_ns()}")
        for ending in ("", "-wal"):
            part = Path(f"{self._path}{ending}")
            if part.exists():
                part.rename(f"{aside}{ending}")
        Path(f"{self._path}-shm").unlink(missing_ok=True)
        logger.error(
            "Vozduxan: The catalog is damaged. It was set aside as %s, and a new one"
            " was begun. What can still be read of it is restored soon, and so are"
            " the torrents in torrent_dirs",
            aside,
        )
        return aside


def _use_wal(db: sqlite3.Connection) -> None:
    """Switch a new file to WAL, although other processes may do the same now.

    SQLite does not wait for other processes in this step; in a transaction it does.
    """
    for _ in range(WAL_ATTEMPTS):
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
        db.execute("BEGIN IMMEDIATE")
        db.rollback()
    db.execute("PRAGMA journal_mode = WAL")


def _has_no_room(exc: Exception, folder: Path) -> bool:
    code: int = getattr(exc, "sqlite_errorcode", 0)
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return False
    return code & 0xFF in _NO_ROOM and free < LEAST_ROOM


def _is_gone(path: Path) -> bool:
    try:
        return path.is_dir() or path.stat().st_size == 0
    except OSError:
        return False  # SQLite reports it better


def _is_damage(exc: sqlite3.Error) -> bool:
    code: int = getattr(exc, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGE or code == _CUT_SHORT
