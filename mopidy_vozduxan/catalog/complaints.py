"""Says once that the catalog's disk fails, and once that it works again.

For any thread. The catalog's files share it, since they share the disk.
"""

from __future__ import annotations

import logging
import math
import os
import shutil
import threading
from pathlib import Path

logger = logging.getLogger(__name__)

# SQLITE_IOERR*, SQLITE_FULL, SQLITE_CANTOPEN*; and the size of SQLite's first write.
_NO_ROOM = frozenset({10, 13, 14})
_DISK = _NO_ROOM | {8}  # SQLITE_READONLY*
LEAST_ROOM = 64 * 1024
FULL = "the disk is full"


class Complaints:
    """What is wrong with the catalog in ``folder`` now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._reason: str | None = None  # the log has said so

    @property
    def trouble(self) -> str | None:
        """A sentence, without its end, while something is wrong."""
        reason = self._reason
        if reason is None or (reason == FULL and _room(self._folder) > LEAST_ROOM):
            return None
        return f"The catalog in {self._folder} cannot be used as usual: {reason}"

    def failed(self, reason: str) -> None:
        """Note that a file cannot be used, or cannot be written."""
        with self._lock:
            known, self._reason = self._reason, reason
        if known is None:
            logger.warning(
                "Vozduxan: The catalog in %s cannot be used as usual: %s. What can be"
                " read of it is shown, and nothing is added until that is over",
                self._folder,
                reason,
            )

    def works(self) -> None:
        """Note that a file was written."""
        if self._reason is None:
            return
        with self._lock:
            known, self._reason = self._reason, None
        if known:
            logger.info("Vozduxan: The catalog can be used again")


def reason_of(exc: Exception, path: Path) -> str:
    """Return what is wrong with a file's disk; SQLite often does not know."""
    folder = path.parent
    if not folder.is_dir():
        return f"the folder {folder} is not there"
    if is_read_only(path):
        return "the disk is read-only, or Mopidy may not write there"
    if _has_no_room(exc, folder):
        # SQLite (3.40) reports an I/O error if there is no room for its own files.
        return FULL
    return str(exc)


def blames_disk(exc: Exception, path: Path) -> bool:
    """Return whether the disk is at fault, and not another process for example."""
    code: int = getattr(exc, "sqlite_errorcode", 0)
    disk = isinstance(exc, OSError) or code & 0xFF in _DISK
    return disk or not path.parent.is_dir() or is_read_only(path)


def is_read_only(path: Path) -> bool:
    """Return whether a file that is there, or one beside it, cannot be written."""
    there = [one for one in (path, path.parent) if one.exists()]
    return not all(os.access(one, os.W_OK) for one in there)


def _has_no_room(exc: Exception, folder: Path) -> bool:
    code: int = getattr(exc, "sqlite_errorcode", 0)
    return code & 0xFF in _NO_ROOM and _room(folder) < LEAST_ROOM


def _room(folder: Path) -> float:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return math.inf
