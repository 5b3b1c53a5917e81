"""A folder that files are exported to. Nothing outside it is touched.

Folders are opened one below the other and no link is followed, so neither a torrent's
names nor links that lie there lead elsewhere. Every call blocks.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mopidy_vozduxan.exceptions import BadInput, StorageFailed

#: FAT, exFAT and NTFS as Windows reads it refuse this name.
_PROBE = '.vozduxan:"?'
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DRAFT = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
#: How a file system says that it has no hard links.
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV, errno.EMLINK}


class Taken(Exception):
    """Another file is there already."""


@dataclass(frozen=True, slots=True)
class Place:
    """The place of one file: an open folder, the file's name, and one for its draft."""

    folder: int
    name: str
    draft: str

    def size(self) -> int | None:
        """Return the size of the file that is there; None without one.

        Raises :class:`Taken` if something else is there.
        """
        try:
            there = os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(there.st_mode):
            raise Taken
        return there.st_size

    def read(self) -> int:
        """Open the file that is there."""
        return _open(self.name, self.folder)

    def link(self, source: Path, size: int) -> int | None:
        """Link a draft to a file, and open it; None if that cannot be."""
        self.drop()
        try:
            os.link(source, self.draft, dst_dir_fd=self.folder, follow_symlinks=False)
            linked = os.stat(self.draft, dir_fd=self.folder, follow_symlinks=False)
            if stat.S_ISREG(linked.st_mode) and linked.st_size == size:
                return _open(self.draft, self.folder)
        except OSError:
            pass
        self.drop()
        return None

    def create(self) -> int:
        """Make an empty draft, and open it."""
        self.drop()
        return os.open(self.draft, _DRAFT, 0o666, dir_fd=self.folder)

    def publish(self) -> None:
        """Give the draft its name. Raises :class:`Taken`; then nothing is changed."""
        try:
            os.link(
                self.draft,
                self.name,
                src_dir_fd=self.folder,
                dst_dir_fd=self.folder,
                follow_symlinks=False,
            )
        except FileExistsError:
            raise Taken from None
        except OSError as exc:
            if exc.errno not in _NO_LINKS:
                raise
            if self.size() is not None:
                raise Taken from None
            os.rename(
                self.draft, self.name, src_dir_fd=self.folder, dst_dir_fd=self.folder
            )
        self.drop()
        os.fsync(self.folder)

    def drop(self) -> None:
        """Delete the draft, if there is one."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.draft, dir_fd=self.folder)


def _open(name: str, folder: int) -> int:
    return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)


class TargetFolder:
    """The folder at ``path``, which is made if only itself is missing.

    Raises :class:`BadInput` for a path that is relative, or lies in one of
    ``forbidden``; :class:`StorageFailed`.
    """

    def __init__(self, path: str, forbidden: Sequence[Path]) -> None:
        self.path = Path(path)
        if not self.path.is_absolute() or "\0" in path:
            raise BadInput(f"This is not an absolute path: {path[:200]!r}.")
        real = Path(os.path.realpath(path))
        for ours in map(os.path.realpath, forbidden):
            if real.is_relative_to(ours):
                raise BadInput(f"{path} is where Vozduxan keeps its own files.")
        try:
            with contextlib.suppress(FileExistsError):
                real.mkdir()
            self._top = os.open(real, _FOLDER)
        except OSError as exc:
            raise StorageFailed(f"Cannot write to {path}: {exc.strerror}.") from exc

    def close(self) -> None:
        """Close it."""
        os.close(self._top)

    def takes_portable_names_only(self) -> bool:
        """Return whether the file system refuses what FAT refuses. Tries it."""
        try:
            os.close(os.open(_PROBE, _DRAFT, 0o600, dir_fd=self._top))
        except FileExistsError:
            return False
        except OSError as exc:
            return exc.errno in (errno.EINVAL, errno.ENOENT, errno.EILSEQ)
        os.unlink(_PROBE, dir_fd=self._top)
        return False

    @contextlib.contextmanager
    def place(self, path: Sequence[str], mark: str) -> Iterator[Place]:
        """Open the place of a file, and make its folders; ``mark`` names its draft.

        No draft stays behind. Raises :class:`OSError`.
        """
        *folders, name = path
        here = os.dup(self._top)
        try:
            for folder in folders:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(folder, dir_fd=here)
                below = os.open(folder, _FOLDER, dir_fd=here)
                os.close(here)
                here = below
            place = Place(here, name, f".vozduxan-{mark}.part")
            try:
                yield place
            finally:
                with contextlib.suppress(OSError):
                    place.drop()
        finally:
            os.close(here)
