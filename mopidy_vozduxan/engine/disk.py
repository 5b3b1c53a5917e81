"""What is on disk of each torrent: its data and its resume data.

Every call blocks: not for an event loop. Only infohashes are accepted as names, and no
link is ever followed, so nothing outside is touched.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.torrent.uris import is_infohash

#: The unit of ``st_blocks``, whatever the file system's own block size is.
_BLOCK_BYTES = 512


class DiskStore:
    """The data in ``data_dir/<infohash>/``, and ``resume_dir/<infohash>.resume``."""

    def __init__(self, data_dir: Path, resume_dir: Path) -> None:
        self.data_dir = data_dir
        self.resume_dir = resume_dir

    @classmethod
    def within(cls, cache_dir: Path, data_dir: Path) -> DiskStore:
        """Return the store for a Mopidy with these folders for our extension."""
        return cls(cache_dir / "torrents", data_dir / "resume")

    def folder_of(self, infohash: str) -> str:
        """Return where a torrent's files lie."""
        return str(self.data_dir / infohash)

    def infohashes(self) -> list[str]:
        """Return the torrents that have anything on disk."""
        data = (path.name for path in _entries(self.data_dir))
        resume = (path.stem for path in _entries(self.resume_dir))
        return sorted({name for name in (*data, *resume) if is_infohash(name)})

    def size(self, infohash: str) -> int:
        """Return the bytes that a torrent's data takes on disk; holes take none."""
        return sum(map(_allocated, _walk(self._data_of(infohash))))

    def sizes(self) -> dict[str, int]:
        """Return the :meth:`size` of every torrent."""
        return {infohash: self.size(infohash) for infohash in self.infohashes()}

    def cut_links(self, infohash: str) -> None:
        """Delete the symbolic links in a torrent's data."""
        data = self._data_of(infohash)
        for path in (data, *_walk(data)):
            if path.is_symlink():
                path.unlink(missing_ok=True)

    def delete(self, infohash: str) -> None:
        """Delete everything of a torrent. Raises :class:`StorageFailed`."""
        data = self._data_of(infohash)
        try:
            self.cut_links(infohash)
            if data.exists():
                shutil.rmtree(data)  # safe from links that appear meanwhile
            for resume in self.resume_dir.glob(f"{infohash}.*"):
                resume.unlink(missing_ok=True)
        except OSError as exc:
            raise StorageFailed(f"Cannot delete data: {exc}.") from exc

    def _data_of(self, infohash: str) -> Path:
        if not is_infohash(infohash):
            raise ValueError(f"{infohash!r} names no torrent")
        return self.data_dir / infohash


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def _walk(folder: Path) -> Iterator[Path]:
    """Return everything below a folder; links are returned, not followed."""
    if folder.is_symlink():
        return
    for where, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield Path(where, name)


def _allocated(path: Path) -> int:
    try:
        return path.lstat().st_blocks * _BLOCK_BYTES
    except OSError:  # gone meanwhile
        return 0
