"""Files that are also somewhere else: exported as hard links.

A listener owns the other name, and may have changed the file there, in its tags for
example. libtorrent would write into it what it takes for missing. So before a swarm is
joined, a shared file that is not complete gets a copy of its own. A complete one is
only read.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Set
from pathlib import Path

from mopidy_vozduxan.engine.file_table import FileTable

logger = logging.getLogger(__name__)

_DRAFT = ".unshared"


def unshare(table: FileTable, folder: str, held: Set[int]) -> bool:
    """Give files below ``folder`` a copy of their own if pieces of them are not held.

    Without room for a copy the file is left to the listener, and is missing here.
    Returns whether one is. Blocks.
    """
    shared = _shared(folder)
    lost = False
    for index in range(len(table)) if shared else ():
        path = table.path(index, folder)
        if path in shared and not held >= set(table.pieces_of(index).pieces):
            lost |= not _unshare(Path(path))
    return lost


def _shared(folder: str) -> set[str]:
    found = set()
    for where, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(where, name)
            with contextlib.suppress(OSError):
                if os.lstat(path).st_nlink > 1:
                    found.add(path)
    return found


def _unshare(path: Path) -> bool:
    draft = path.with_name(f"{path.name[:100]}{_DRAFT}")
    try:
        shutil.copyfile(path, draft, follow_symlinks=False)
        draft.replace(path)
        return True
    except OSError as exc:
        logger.warning("Vozduxan: %s is fetched again: %s", path.name, exc)
        draft.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        return False
