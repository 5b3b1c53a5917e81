"""What is on disk of each torrent: its data and its resume data.

Every call blocks: not for an event loop. Only infohashes are accepted as names, and no
link is ever followed, so nothing outside is touched.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mopidy_vozduxan.engine.disk_probe import Trouble, trouble_of
from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.torrent.uris import is_infohash

#: The unit of ``st_blocks``, whatever the file system's own block size is.
_BLOCK_BYTES = 512
_CHUNK_BYTES = 1024 * 1024
_DRAFT = ".cut"


@dataclass(frozen=True, slots=True)
class FileOnDisk:
    """A file on disk: the bytes that it takes, and when it last changed (s)."""

    taken: int
    changed_at: float


@dataclass(frozen=True, slots=True)
class Space:
    """A file system: its size, and what we may still write, in bytes."""

    size: int
    free: int


class DiskStore:
    """The data in ``data_dir/<infohash>/``, and ``resume_dir/<infohash>.resume``."""

    def __init__(self, data_dir: Path, resume_dir: Path) -> None:
        self.data_dir = data_dir
        self.resume_dir = resume_dir

    def folder_of(self, infohash: str) -> str:
        """Return where a torrent's files lie."""
        return str(self.data_dir / infohash)

    def trouble(self) -> Trouble | None:
        """Return what prevents writing data now; makes its folder."""
        return trouble_of(self.data_dir)

    def infohashes(self) -> list[str]:
        """Return the torrents that have anything on disk."""
        data = (path.name.removesuffix(_DRAFT) for path in _entries(self.data_dir))
        resume = (path.stem for path in _entries(self.resume_dir))
        return sorted({name for name in (*data, *resume) if is_infohash(name)})

    def size(self, infohash: str) -> int:
        """Return the bytes that a torrent's data takes on disk; holes take none."""
        draft = self._draft_of(infohash)
        return sum(map(_allocated, (draft, *_walk(self._data_of(infohash)))))

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
            self._draft_of(infohash).unlink(missing_ok=True)
            if data.exists():
                shutil.rmtree(data)  # safe from links that appear meanwhile
            for resume in self.resume_dir.glob(f"{infohash}.*"):
                resume.unlink(missing_ok=True)
        except OSError as exc:
            raise StorageFailed(f"Cannot delete data: {exc}.") from exc

    def files_of(self, infohash: str) -> dict[str, FileOnDisk]:
        """Return the files in a torrent's data, by path; no folders, no links."""
        found = {}
        for path in _walk(self._data_of(infohash)):
            with contextlib.suppress(OSError):  # gone meanwhile
                file = path.lstat()
                if stat.S_ISREG(file.st_mode):
                    taken = file.st_blocks * _BLOCK_BYTES
                    found[str(path)] = FileOnDisk(taken, file.st_mtime)
        return found

    def space(self) -> Space:
        """Return how large the file system of the data is, and what is free there.

        Raises :class:`StorageFailed`.
        """
        folder = self.data_dir
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        try:
            found = os.statvfs(folder)
        except OSError as exc:
            raise StorageFailed(f"Cannot look at the cache: {exc}.") from exc
        return Space(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)

    def cut(self, infohash: str, rests: Mapping[str, Sequence[Span]]) -> None:
        """Delete files of a torrent, except the spans that stay.

        Paths that lead elsewhere are left alone. Raises :class:`StorageFailed`.
        """
        data, draft = self._data_of(infohash), self._draft_of(infohash)
        paths = {Path(path): rest for path, rest in rests.items()}
        inside = [path for path in paths if _is_inside(path, data)]
        try:
            # Deleting first makes room for what is written.
            for path in sorted(inside, key=lambda path: len(paths[path])):
                if paths[path]:
                    _keep_only(path, paths[path], draft)
                else:
                    path.unlink(missing_ok=True)
                    _remove_empty(path.parent, data)
        except OSError as exc:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            raise StorageFailed(f"Cannot delete data: {exc}.") from exc

    def _draft_of(self, infohash: str) -> Path:
        """Return where a shortened file is made; a crash may leave it there."""
        return self.data_dir / f"{infohash}{_DRAFT}"

    def _data_of(self, infohash: str) -> Path:
        if not is_infohash(infohash):
            raise ValueError(f"{infohash!r} names no torrent")
        return self.data_dir / infohash


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []  # not made yet, or its disk is gone


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


def _is_inside(path: Path, data: Path) -> bool:
    """Return whether a path leads into ``data``, not through a link."""
    folder = os.path.realpath(data.parent) + os.sep + data.name
    parent = os.path.realpath(path.parent)
    return parent == folder or parent.startswith(folder + os.sep)


def _keep_only(path: Path, rest: Sequence[Span], draft: Path) -> None:
    """Replace a file by one of the same length that has these spans, and holes."""
    if path.is_symlink() or not path.is_file():
        return
    with path.open("rb") as old, draft.open("wb") as new:
        new.truncate(os.fstat(old.fileno()).st_size)
        for span in rest:
            for start in range(span.start, span.stop, _CHUNK_BYTES):
                old.seek(start)
                new.seek(start)
                new.write(old.read(min(_CHUNK_BYTES, span.stop - start)))
        new.flush()
        os.fsync(new.fileno())
    draft.replace(path)


def _remove_empty(folder: Path, top: Path) -> None:
    with contextlib.suppress(OSError):  # not empty
        while folder != top.parent:
            folder.rmdir()
            folder = folder.parent
