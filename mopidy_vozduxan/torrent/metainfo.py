"""What a torrent says about itself, and where that comes from. Values only.

A swarm is named by its infohash: lower-case hex, v1 (40 digits) if the torrent has one,
else v2 (64 digits).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

#: Three times as many as in the largest known torrents of music.
MAX_FILES = 100_000

#: The largest ``.torrent`` that we accept, from a file, a command, a URL or a swarm.
#: This holds the hashes of half a million pieces, far more than any music has.
MAX_TORRENT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TorrentFile:
    """One file of a torrent.

    ``path`` uses ``/`` and starts with the torrent's root folder, if it has one.
    ``offset`` and ``size`` are bytes in the torrent as a whole. ``index`` counts as
    libtorrent does, including padding files.
    """

    index: int
    path: str
    offset: int
    size: int
    padding: bool = False


@dataclass(frozen=True, slots=True)
class Metainfo:
    """What a torrent says about itself: names, sizes and piece length in bytes."""

    infohash: str
    name: str
    piece_length: int
    size: int
    files: tuple[TorrentFile, ...]
    private: bool = False

    @property
    def piece_count(self) -> int:
        """The number of pieces."""
        return -(-self.size // self.piece_length)


@dataclass(frozen=True, slots=True)
class TorrentSource:
    """Where a torrent's metadata comes from.

    ``infohash`` names the swarm. ``torrent`` (the bytes of a ``.torrent`` file) or
    ``magnet`` (a URI) is set, or both.
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
        """Return the source and the metainfo in the bytes.

        A ``magnet`` is kept for its trackers and peers. Raises :class:`BadInput` if
        the bytes are not a torrent that we can play, and if the magnet link names
        another one.
        """
