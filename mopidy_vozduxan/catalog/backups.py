"""Copies of a catalog file from before its migrations, kept beside it.

A copy is named after the version that it has: ``catalog.db.before-update-3``. An older
Mopidy-Vozduxan can use it in place of the file.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from mopidy_vozduxan.catalog.schema import STEPS, version_of

logger = logging.getLogger(__name__)

MOST_BACKUPS = 2
_ENDING = ".before-update-"


def back_up(db: sqlite3.Connection, path: Path) -> None:
    """Copy the file at ``path`` if it is about to be migrated.

    If there is no room for a copy, the log says so, and the migration goes on: it adds
    what is missing in one transaction, and nobody should lose the library over it.
    """
    version = version_of(db)
    if not 0 < version < len(STEPS):
        return
    logger.info("Vozduxan: Keeping a copy of %s before its update", path)
    try:
        _copy(db, path, version)
    except (sqlite3.Error, OSError) as exc:
        logger.warning("Vozduxan: Cannot copy %s before its update: %s", path, exc)
    for old in _backups(path)[MOST_BACKUPS:]:
        old.unlink(missing_ok=True)


def _copy(db: sqlite3.Connection, path: Path, version: int) -> None:
    draft = Path(f"{path}.draft-{os.getpid()}")
    try:
        with closing(sqlite3.connect(draft)) as copy:
            db.backup(copy)
            same = version_of(copy) == version
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a WAL
        if same:  # else another process has migrated it, and has kept a copy
            _to_disk(draft)
            draft.replace(f"{path}{_ENDING}{version}")
    finally:
        draft.unlink(missing_ok=True)


def _backups(path: Path) -> list[Path]:
    """Return all copies, the one of the latest version first."""

    def version(backup: Path) -> int:
        return int(backup.name.removeprefix(f"{path.name}{_ENDING}"))

    there = path.parent.glob(f"{path.name}{_ENDING}*")
    named = [one for one in there if one.name.rpartition("-")[2].isdecimal()]
    return sorted(named, key=version, reverse=True)


def _to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
