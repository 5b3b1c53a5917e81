"""Pictures on disk: a folder of bounded size that evicts the least recently used.

Safe to call from any thread. A disk failure is not an error here: a picture that
could not be kept is fetched again. All calls block, except :meth:`embedded` after
the first call.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path

from mopidy_vozduxan.covers.picture import CONTENT_TYPES, Picture

logger = logging.getLogger(__name__)

#: Some 5000 covers.
MAX_KEPT_BYTES = 500_000_000
_BLOCK_BYTES = 4096  # the size of a small file on most disks

_DRAFT = ".draft"
_FILE = re.compile(
    r"(?P<infohash>[0-9a-f]{40}|[0-9a-f]{64})-(?P<index>[0-9]{1,9})"
    rf"(?P<embedded>-embedded)?\.(?P<kind>{'|'.join(CONTENT_TYPES)})"
)


@dataclass(frozen=True, slots=True)
class PictureName:
    """A file of a torrent that is a picture, or has one ``embedded``."""

    infohash: str
    index: int
    embedded: bool = False

    def __str__(self) -> str:
        return f"{self.infohash}-{self.index}{'-embedded' if self.embedded else ''}"


@dataclass(frozen=True, slots=True)
class _Entry:
    extension: str
    size: int  # on disk


class KeptPictures:
    """The pictures in ``folder``, ``max_bytes`` of them at most."""

    def __init__(self, folder: Path, max_bytes: int = MAX_KEPT_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._entries: dict[PictureName, _Entry] | None = None  # least recent first
        self._embedded: dict[str, set[int]] = {}
        self._size = 0

    def get(self, name: PictureName) -> Picture | None:
        """Return a picture, and count it as used."""
        with self._lock:
            entry = self._known().pop(name, None)
            if entry is None:
                return None
            self._known()[name] = entry  # to the end
        path = self._path(name, entry)
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError as exc:
            logger.debug("Cannot read a kept picture: %s", exc)
            self._drop(name)
            return None
        return Picture(data, entry.extension)

    def keep(self, name: PictureName, picture: Picture) -> None:
        """Write a picture; readers see all of it or nothing."""
        entry = _Entry(picture.extension, _on_disk(len(picture.data)))
        path = self._path(name, entry)
        with self._lock:
            self._known()  # read the folder before our draft is in it
        draft = path.with_name(f"{path.name}.{threading.get_ident()}{_DRAFT}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(picture.data)
            self._drop(name)  # it may have been of another kind
            draft.replace(path)
        except OSError as exc:
            logger.debug("Cannot keep a picture: %s", exc)
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            return
        with self._lock:
            self._enter(name, entry)
            outdated = self._outdated()
        for old in outdated:
            self._drop(old)

    def embedded(self, infohash: str) -> frozenset[int]:
        """Return the files of a torrent whose embedded pictures are here."""
        with self._lock:
            self._known()
            return frozenset(self._embedded.get(infohash, ()))

    def forget(self, infohash: str) -> None:
        """Delete every picture of a torrent."""
        with self._lock:
            names = [name for name in self._known() if name.infohash == infohash]
        for name in names:
            self._drop(name)

    def _known(self) -> dict[PictureName, _Entry]:
        """Return the kept pictures; reads the folder once."""
        if self._entries is None:
            self._entries = {}
            for file in _oldest_first(self._folder):
                size = file.stat().st_size
                # A power cut leaves files without content.
                if (match := _FILE.fullmatch(file.name)) and size:
                    infohash, index, embedded, kind = match.groups()
                    name = PictureName(infohash, int(index), bool(embedded))
                    self._enter(name, _Entry(kind, _on_disk(size)))
        return self._entries

    def _enter(self, name: PictureName, entry: _Entry) -> None:
        known = self._known()
        if before := known.pop(name, None):
            self._size -= before.size
        known[name] = entry
        self._size += entry.size
        if name.embedded:
            self._embedded.setdefault(name.infohash, set()).add(name.index)

    def _outdated(self) -> list[PictureName]:
        """Return what to evict. Embedded ones go last: nobody fetches them again."""
        excess, going = self._size - self._max_bytes, []
        if excess > 0:
            known = self._known()
            for name in sorted(known, key=lambda name: name.embedded):
                if excess <= 0:
                    break
                excess -= known[name].size
                going.append(name)
        return going

    def _drop(self, name: PictureName) -> None:
        with self._lock:
            entry = self._known().pop(name, None)
            if entry is None:
                return
            self._size -= entry.size
            if name.embedded:
                self._embedded[name.infohash].discard(name.index)
        try:
            self._path(name, entry).unlink(missing_ok=True)
        except OSError as exc:
            logger.debug("Cannot delete a picture: %s", exc)

    def _path(self, name: PictureName, entry: _Entry) -> Path:
        return self._folder / f"{name}.{entry.extension}"


def _oldest_first(folder: Path) -> list[os.DirEntry[str]]:
    """Return the files of a folder, without the drafts that a crash left there."""
    try:
        with os.scandir(folder) as files:
            found = sorted(files, key=lambda file: file.stat().st_mtime_ns)
        for file in found:
            if file.name.endswith(_DRAFT):
                os.unlink(file)
    except OSError as exc:
        logger.debug("Cannot read the folder of pictures: %s", exc)
        return []
    return [file for file in found if not file.name.endswith(_DRAFT)]


def _on_disk(size: int) -> int:
    return -(-size // _BLOCK_BYTES) * _BLOCK_BYTES
