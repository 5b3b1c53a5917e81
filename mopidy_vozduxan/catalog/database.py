"""The SQLite file under the catalog: connections, transactions, damage.

It knows no tables. Every reader has its own connection, so that, thanks to WAL, readers
wait neither for a writer nor for each other. SQLite's errors become
:class:`StorageFailed`. A damaged file is set aside, and a new one is begun.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from mopidy_vozduxan.catalog.backups import back_up
from mopidy_vozduxan.catalog.complaints import (
    Complaints,
    blames_disk,
    is_read_only,
    reason_of,
)
from mopidy_vozduxan.catalog.schema import (
    STEPS,
    LaterVersion,
    is_empty,
    migrate,
    version_of,
)
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
#: How often to try a file again that could not be opened.
AGAIN_S = 1.0


class _Deleted(sqlite3.DatabaseError):
    """Somebody has deleted or emptied the file, or put a folder in its place."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


class CatalogFile:
    """The file at ``path``; raises :class:`StorageFailed` if it cannot open.

    A ``patient`` one raises only for a file of a later version: it is read as it is, if
    it can be, and each use tries to open it again. ``replaced`` is called, on any
    thread, when that has succeeded, and after a damaged file was set aside and a new
    one begun; :meth:`take_aside` then returns the damaged one.
    """

    def __init__(
        self,
        path: Path,
        replaced: Callable[[], None],
        complaints: Complaints,
        *,
        patient: bool = False,
    ) -> None:
        self._path = path
        self._replaced = replaced
        self._complaints = complaints
        self._closed = False
        self._failure: sqlite3.Error | None = None  # why it is not open
        self._tried_at = 0.0
        self._aside: list[Path] = []
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()  # guards the attributes below
        self._writer: sqlite3.Connection | None = None
        self._idle: list[sqlite3.Connection] = []
        self._age = 0  # the number of files so far at this path
        try:
            self._guarded(self._begin)
        except StorageFailed as exc:
            if not patient or isinstance(exc.__cause__, LaterVersion):
                raise

    def read(self, work: Work[T]) -> T:
        """Return the result of ``work``."""

        def attempt() -> T:
            connected = self._reader() if self._is_open() else self._read_only()
            with connected as db:
                return work(db)

        return self._guarded(attempt)

    def write(self, work: Work[T]) -> T:
        """Do ``work`` in one transaction; one writer works at a time."""

        def attempt() -> T:
            if not self._is_open() and self._failure:
                raise self._failure
            with self._write_lock, self._open_writer() as db:  # commits, or rolls back
                done = work(db)
            self._complaints.works()
            return done

        return self._guarded(attempt)

    def take_aside(self) -> list[Path]:
        """Return the damaged files that were not returned before."""
        with self._read_lock:
            taken, self._aside = self._aside, []
        return taken

    def close(self) -> None:
        """Close the file; every later call raises :class:`StorageFailed`."""
        with self._write_lock, self._read_lock:
            self._closed = True
            self._close()

    # --- connections

    def _is_open(self) -> bool:
        """Open the file if it is not; return whether that succeeded."""
        if self._writer or self._closed:
            return True
        now = time.monotonic()
        if self._failure and now - self._tried_at < AGAIN_S:
            return False
        self._tried_at = now
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            opened = self._begin()
        except sqlite3.Error as exc:
            if _is_damage(exc):
                raise
            self._failure = exc
            self._complain(exc)
            return False
        if opened:
            self._replaced()
        return True

    def _begin(self) -> bool:
        """Open the file; return whether nobody has done so before."""
        with self._write_lock, self._read_lock:
            if self._writer or self._closed:
                return False
            self._writer = self._open()
            self._failure = None
            return True

    def _open(self) -> sqlite3.Connection:
        if is_read_only(self._path):
            raise sqlite3.OperationalError("it cannot be written")
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

    @contextmanager
    def _read_only(self) -> Iterator[sqlite3.Connection]:
        """Connect without writing anything, not even SQLite's own files."""
        wal = Path(f"{self._path}-wal")
        alone = "" if wal.exists() and wal.stat().st_size else "&immutable=1"
        where = f"file:{quote(str(self._path))}?mode=ro{alone}"
        with closing(sqlite3.connect(where, uri=True)) as db:
            if version_of(db) != len(STEPS):
                raise self._failure or sqlite3.OperationalError("it is not up to date")
            yield db

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
                self._let_go(exc)
                raise self._failed(exc) from exc
        try:
            if self._begin_anew(age):
                self._replaced()
            return attempt()
        except (sqlite3.Error, OSError) as exc:
            raise self._failed(exc) from exc

    def _failed(self, exc: Exception) -> StorageFailed:
        reason = self._complain(exc)
        return StorageFailed(f"The catalog {self._path} cannot be used: {reason}.")

    def _complain(self, exc: Exception) -> str:
        reason = reason_of(exc, self._path)
        if self._closed:
            logger.debug("The catalog is closed")
        elif blames_disk(exc, self._path):
            self._complaints.failed(reason)
        else:
            logger.warning("Vozduxan: The catalog cannot be used now: %s", reason)
        return reason

    def _let_go(self, exc: sqlite3.Error) -> None:
        """Close a file whose disk has become read-only, to open it again later."""
        if is_read_only(self._path) or not self._path.exists():
            with self._write_lock, self._read_lock:
                self._failure = exc
                self._close()

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


def _is_gone(path: Path) -> bool:
    try:
        return path.is_dir() or path.stat().st_size == 0
    except OSError:
        return False  # SQLite reports it better


def _is_damage(exc: sqlite3.Error) -> bool:
    code: int = getattr(exc, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGE or code == _CUT_SHORT
