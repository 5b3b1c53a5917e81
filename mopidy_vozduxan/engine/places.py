"""Places on disk where a torrent's files may lie: which pieces, and their bytes.

Opens files for reading only, and follows no link below a place's folder, so nothing
outside of it is read. Every call blocks.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from mopidy_vozduxan.engine.file_table import FileTable
from mopidy_vozduxan.planning.spans import Span

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: What qBittorrent and Transmission append to the names of incomplete files.
SUFFIXES = ("", ".!qB", ".part")
_OURS = ("",)

#: The path of a file below a folder, by its index; ``None`` if it cannot have one.
Naming = Callable[[int], str | None]


@dataclass(frozen=True, slots=True)
class Place:
    """Files below ``folder``: their paths by index, and the pieces that are ``likely``.

    ``ours`` says that it is our own folder, whose pieces may be claimed.
    """

    folder: str
    ours: bool
    paths: Mapping[int, str]
    likely: frozenset[int]

    def read(self, table: FileTable, piece: int) -> bytes | None:
        """Return the bytes of a piece, not checked; ``None`` if some are missing."""
        parts = []
        for index, place in table.overlapping({piece}):
            span = place.span_of(piece)
            if table.is_padding(index):
                parts.append(bytes(len(span)))
            elif len(span):
                part = self._read(index, span)
                if part is None:
                    return None
                parts.append(part)
        return b"".join(parts)[: table.piece_size(piece)]

    def _read(self, index: int, span: Span) -> bytes | None:
        if index not in self.paths:
            return None
        try:
            file = open_below(self.folder, self.paths[index])
        except OSError:
            return None
        try:
            data = os.pread(file, len(span), span.start)
        except OSError:
            return None
        finally:
            os.close(file)
        return data if len(data) == len(span) else None


def place_at(
    folder: str, table: FileTable, naming: Naming, *, ours: bool = False
) -> Place | None:
    """Return the place of a torrent's files below a folder, if any piece is there."""
    paths: dict[int, str] = {}
    likely: set[int] = set()
    lacking: set[int] = set()  # a piece needs all of its files
    suffixes = _OURS if ours else SUFFIXES
    for index, path, spans in _files(folder, table, naming, suffixes):
        pieces = table.pieces_of(index)
        here = {piece for span in spans for piece in pieces.pieces_within(span)}
        if here and path is not None:
            paths[index] = path
        likely |= here
        lacking.update(piece for piece in pieces.pieces if piece not in here)
    likely -= lacking
    return Place(folder, ours, paths, frozenset(likely)) if likely else None


def open_below(folder: str, path: str) -> int:
    """Open a regular file below a folder for reading; return its descriptor.

    The folder itself may be a link. Raises :class:`OSError` if anything below is one.
    """
    *steps, name = path.split("/")
    if {"", ".", ".."}.intersection((*steps, name)):
        raise _no_file(path)
    where = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for step in steps:
            following = os.open(step, _STEP, dir_fd=where)
            os.close(where)
            where = following
        file = os.open(name, _READ, dir_fd=where)
    finally:
        os.close(where)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise _no_file(path)
    return file


def _no_file(path: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _files(
    folder: str, table: FileTable, naming: Naming, suffixes: Iterable[str]
) -> Iterator[tuple[int, str | None, list[Span]]]:
    """Yield every file of the torrent, its path here, and the spans that have data."""
    gone: set[str] = set()  # folders that do not exist
    for index in range(len(table)):
        size = table.pieces_of(index).size
        if table.is_padding(index) or not size:
            continue
        path = naming(index)
        parent = path.rpartition("/")[0] if path else ""
        if path is None or parent in gone:
            yield index, None, []
            continue
        found = _data_of(folder, path, size, suffixes)
        if not found and parent and not os.path.isdir(os.path.join(folder, parent)):
            gone.add(parent)
        yield index, *(found or (None, []))


def _data_of(
    folder: str, path: str, size: int, suffixes: Iterable[str]
) -> tuple[str, list[Span]] | None:
    """Return a file's path as it is on disk, and the spans that are no holes."""
    for suffix in suffixes:
        try:
            file = open_below(folder, path + suffix)
        except (OSError, ValueError):
            continue
        try:
            end = os.fstat(file).st_size
            if end <= size:  # otherwise it is another file
                return path + suffix, list(_spans_with_data(file, end))
        except OSError:
            continue
        finally:
            os.close(file)
    return None


def _spans_with_data(file: int, end: int) -> Iterable[Span]:
    """Yield what is no hole; all of it if the file system does not tell."""
    at = 0
    while at < end:
        try:
            start = os.lseek(file, at, os.SEEK_DATA)
            stop = os.lseek(file, start, os.SEEK_HOLE)
        except OSError as exc:
            if exc.errno != errno.ENXIO:
                yield Span(at, end)
            return
        yield Span(start, min(stop, end))
        at = stop
