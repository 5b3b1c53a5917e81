"""What was heard: which file, how often, and when last.

It is kept when a torrent leaves the library, until the torrent is forgotten.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from dataclasses import dataclass

from mopidy_vozduxan.catalog import torrent_rows
from mopidy_vozduxan.catalog.records import Records
from mopidy_vozduxan.catalog.steady_clock import SteadyClock


@dataclass(frozen=True, slots=True)
class Heard:
    """How often a file was heard, and when last, in seconds since the epoch.

    ``last_s`` is what the system's clock said then. ``age_s`` is how long ago it was,
    by a clock that does not jump.
    """

    times: int
    last_s: int
    age_s: float


class Hearings:
    """What was heard; for any thread. All may raise :class:`StorageFailed`."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._lock = threading.Lock()
        self._clock: SteadyClock | None = None

    def note(self, infohash: str, index: int) -> None:
        """Note that file ``index`` of a torrent was heard just now."""
        now, last_s = self.now(), int(time.time())

        def write(db: sqlite3.Connection) -> None:
            name = torrent_rows.name_of(db, infohash)
            db.execute(
                "INSERT INTO heard VALUES (?, ?, 1, ?, ?)"
                " ON CONFLICT (infohash, idx) DO UPDATE SET times = times + 1,"
                " last_s = excluded.last_s, at_s = excluded.at_s",
                (name, index, last_s, now),
            )
            _save(db, now)

        self._records.file.write(write)

    def all(self) -> dict[tuple[str, int], Heard]:
        """Return what was heard, by infohash and file index."""
        now = self.now()

        def read(db: sqlite3.Connection) -> dict[tuple[str, int], Heard]:
            rows = db.execute("SELECT infohash, idx, times, last_s, at_s FROM heard")
            return {
                (infohash, index): Heard(times, last_s, max(0.0, now - at_s))
                for infohash, index, times, last_s, at_s in rows
            }

        return self._records.file.read(read)

    def last(self) -> dict[tuple[str, int], float]:
        """Return when each file was heard last, by infohash and file index.

        In seconds since the epoch, by our own clock (:meth:`now`).
        """
        now = self.now()
        return {file: now - heard.age_s for file, heard in self.all().items()}

    def save_clock(self) -> None:
        """Save the time; call it before Mopidy ends."""
        now = self.now()
        self._records.file.write(lambda db: _save(db, now))

    def now(self) -> float:
        """Return the time, by a clock that jumps of the system's barely move."""
        with self._lock:
            if self._clock is None:
                self._clock = SteadyClock(self._records.file.read(_latest))
            return self._clock.now()


def _latest(db: sqlite3.Connection) -> float | None:
    row = db.execute("SELECT at_s FROM clock").fetchone()
    return float(row[0]) if row else None


def _save(db: sqlite3.Connection, now: float) -> None:
    db.execute("INSERT OR REPLACE INTO clock VALUES (1, ?)", (now,))
