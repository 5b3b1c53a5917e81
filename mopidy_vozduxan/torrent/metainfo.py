"""What a torrent says of itself, and where that comes from. Values only.

A swarm is named by its infohash: lower-case hex, v1 (40 digits) where the torrent has
one, else v2 (64 digits).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

#: Three times the largest torrents of music that are known.
MAX_FILES = 100_000

#: The largest ``.torrent`` that comes in, whichever way it comes: a file, a command, a
#: URL, a swarm. This much holds the hashes of half a million pieces; nothing musical
#: comes near.
MAX_TORRENT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TorrentFile:
    """One file of a torrent.

    ``path`` uses ``/`` and starts with the torrent's root folder where it has
    one. ``offset`` and ``size`` are bytes in the torrent as a whole. ``index``
    counts as libtorrent does, padding files included.
    """

    index: int
    path: str
    offset: int
    size: int
    padding: bool = False


@dataclass(frozen=True, slots=True)
class Metainfo:
    """What a torrent says of itself: names, sizes and piece length in bytes."""

    infohash: str
    name: str
    piece_length: int
    size: int
    files: tuple[TorrentFile, ...]
    private: bool = False

    @property
    def piece_count(self) -> int:
        """How many pieces the torrent has."""
        return -(-self.size // self.piece_length)


@dataclass(frozen=True, slots=True)
class TorrentSource:
    """Where a torrent's metadata comes from.

    ``infohash`` names the swarm; either ``torrent`` (the bytes of a
    ``.torrent`` file) or ``magnet`` (a URI) is there, or both.
    """

    infohash: str
    torrent: bytes | None = None
    magnet: str | None = None
    display_name: str | None = None


class ReadTorrent(Protocol):
    """Reads the bytes of a ``.torrent`` file, as ``engine/parsing.py`` does."""

    def __call__(
        self, torrent: bytes, magnet: str | None = None
    ) -> tuple[TorrentSource, Metainfo]:
        """Return the source that the bytes are, and what they say.

        A ``magnet`` is kept for its trackers and peers. Raises :class:`BadInput`
        for what is no torrent we can play from, and where the magnet link names
        another one.
        """
