"""The tracks that an ``.m3u`` file in a torrent names: pure, only files beside it.

Real playlists hold backslashes, paths of old disks, other cases, percent escapes, old
encodings, and the names of files before they were re-encoded. Entries that cannot be
found in the torrent in spite of that are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from mopidy_vozduxan.audio.formats import extension, is_playable, without_extension
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.naming.encodings import decoded
from mopidy_vozduxan.naming.names import clean, folded, spaced
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile

#: Some 10,000 lines.
MOST_BYTES = 1_000_000
_PLAYLISTS = frozenset(("m3u", "m3u8"))

# Not splitlines(): names may hold other characters that it takes for line ends.
_LINE_ENDS = re.compile(r"[\r\n]+")
_URL = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)  # "C:" is a disk
_ABSOLUTE = re.compile(r"/|[a-z]:", re.IGNORECASE)
_NUMBER_IN_FRONT = re.compile(r"0+[ ._-]+(?=\S)")
#: Names that only say that this is a playlist.
_GENERIC = re.compile(
    r"(?:\d*|!*|_*|play ?list|track ?list|tracks?|all|album|list|index|music|new|cd)"
    r"(?: ?\d+)?",
    re.IGNORECASE,
)


def is_playlist(file: TorrentFile) -> bool:
    """Whether a file of a torrent may be read as a playlist."""
    named = extension(file.path) in _PLAYLISTS
    return named and not file.padding and 0 < file.size <= MOST_BYTES


def read_playlist(data: bytes, path: str, metainfo: Metainfo) -> tuple[int, ...]:
    """Return the tracks that a playlist names, in its order, as file indexes.

    ``path`` is the playlist's own path in the torrent. Raises :class:`BadInput` if it
    names no track of the torrent.
    """
    if len(data) > MOST_BYTES:
        raise BadInput("The playlist is larger than any we read.")
    places = _Places(metainfo)
    folder = path.split("/")[:-1]
    found = (places.find(folder, entry) for entry in _entries(decoded(data)))
    indexes = tuple(index for index in found if index is not None)
    if not indexes:
        raise BadInput(f"The playlist “{clean(path)}” names no track beside it.")
    return indexes


def playlist_name(path: str, metainfo: Metainfo) -> str:
    """Return a playlist's name: that of its file, its folder, or its torrent."""
    *folders, file = path.split("/")
    name = spaced(_NUMBER_IN_FRONT.sub("", file.rpartition(".")[0], count=1))
    if not _GENERIC.fullmatch(name):
        return name
    above = folders[-1] if folders else without_extension(metainfo.name)
    return spaced(above) or name or "?"


class _Places:
    """The tracks of a torrent by path, and by path without extension."""

    def __init__(self, metainfo: Metainfo) -> None:
        self._exact: dict[str, int] = {}
        self._alike: dict[str, int] = {}
        self._stems: dict[str, int | None] = {}
        for file in filter(is_playable, metainfo.files):
            alike, stem = _alike(file.path), _alike(_stem(file.path))
            self._exact[file.path] = file.index
            self._alike.setdefault(alike, file.index)
            # Two formats of one track: it is ambiguous.
            self._stems[stem] = None if stem in self._stems else file.index

    def find(self, folder: list[str], entry: str) -> int | None:
        """Return the track that a line names, relative to the playlist's folder."""
        for text in dict.fromkeys((entry, unquote(entry))):
            for path in _paths(folder, text.replace("\\", "/")):
                if (index := self._at(path)) is not None:
                    return index
        return None

    def _at(self, path: str) -> int | None:
        index = self._exact.get(path, self._alike.get(_alike(path)))
        return self._stems.get(_alike(_stem(path))) if index is None else index


def _entries(text: str) -> Iterator[str]:
    for line in _LINE_ENDS.split(text):
        entry = line.strip().removeprefix("file://")
        if entry and not entry.startswith("#") and not _URL.match(entry):
            yield entry


def _paths(folder: list[str], entry: str) -> Iterator[str]:
    """Return the paths that a line may mean, the likeliest first.

    The end of an absolute path may exist here: the torrent was made from that folder,
    on another disk.
    """
    parts = entry.split("/")
    if not _ABSOLUTE.match(entry):
        if (path := _joined(folder, parts)) is not None:
            yield path
        return
    names = [part for part in parts if part not in ("", ".", "..")]
    for start in range(max(1, len(names) - 3), len(names)):
        yield "/".join([*folder, *names[start:]])


def _joined(folder: list[str], parts: list[str]) -> str | None:
    """Return a path relative to the torrent's root; None if it leaves the torrent."""
    whole = list(folder)
    for part in parts:
        if part == ".." and not whole:
            return None
        if part == "..":
            whole.pop()
        elif part not in ("", "."):
            whole.append(part)
    return "/".join(whole)


def _alike(path: str) -> str:
    return "/".join(folded(clean(part)) for part in path.split("/"))


def _stem(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return folder + slash + (name.rpartition(".")[0] or name)
