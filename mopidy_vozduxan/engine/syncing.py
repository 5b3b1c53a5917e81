"""Makes sure that pieces are on the disk itself, not only in the kernel's memory.

A state that claims a piece may survive a power cut only if the piece does. Blocks.
"""

from __future__ import annotations

import os

from mopidy_vozduxan.engine.file_table import FileTable


def unsynced_pieces(table: FileTable, folder: str, pieces: set[int]) -> set[int]:
    """Write the files of ``pieces`` to disk; return the pieces where that failed."""
    failed: set[int] = set()
    for index, place in table.overlapping(pieces):
        if place.size and not table.is_padding(index):
            try:
                _sync(table.path(index, folder))
            except OSError:
                failed |= pieces.intersection(place.pieces)
    return failed


def _sync(path: str) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        os.fsync(file)
    finally:
        os.close(file)
