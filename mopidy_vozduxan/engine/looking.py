"""Looks where a torrent's files lie on disk: in our folder, and in other clients'.

Every call blocks, for seconds if a disk sleeps.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mopidy_vozduxan.engine.data_dirs import DataDirs
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.file_table import FileTable
from mopidy_vozduxan.engine.places import Place, place_at
from mopidy_vozduxan.engine.raw_names import readable_names


class Looking:
    """Our data is where ``disk`` says, that of others below ``folders``."""

    def __init__(self, disk: DiskStore, folders: Sequence[Path]) -> None:
        self._disk = disk
        self._dirs = DataDirs(folders, disk.data_dir)
        self._any = bool(folders)

    def close(self) -> None:
        """Look no more."""
        self._dirs.close()

    def places(
        self, infohash: str, info: Any, torrent: bytes | None
    ) -> tuple[Place, ...]:
        """Return where pieces of libtorrent's ``info`` may lie, our folder first."""
        table = FileTable(info)
        ours = self._disk.folder_of(infohash)
        places = []
        if _is_there(ours) and (found := place_at(ours, table, table.path, ours=True)):
            places.append(found)
        if self._any:
            names = readable_names(info, torrent)
            places += self._dirs.places(table, names[1] if names else None)
        return tuple(places)


def _is_there(folder: str) -> bool:
    return os.path.isdir(folder) and not os.path.islink(folder)
