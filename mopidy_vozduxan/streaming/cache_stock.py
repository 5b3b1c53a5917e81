"""What a look at the disk of the cache finds, and who looks. Values and a protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mopidy_vozduxan.planning.eviction import CachedFile, CacheLimits, Holdings, Usage

#: By infohash: the bytes of a torrent, and the files of it that lose no piece.
Torrents = Mapping[str, tuple[bytes | None, frozenset[int]]]


class Survey(Protocol):
    """Looks at the disk, as ``engine/survey.py`` does; every call blocks."""

    def now(self) -> float:
        """Return the time that tells which files are old."""

    def limits(self) -> CacheLimits:
        """Return the limits in force. Raises :class:`StorageFailed`."""

    def usage(self, changed: Iterable[str], holdings: Holdings) -> Usage:
        """Return what the cache takes. Raises :class:`StorageFailed`."""

    def everything(self, holdings: Holdings) -> list[CachedFile]:
        """Return all files on disk that nobody keeps, and when they were heard."""

    def spared(self, infohash: str, holdings: Holdings) -> frozenset[int]:
        """Return the files of a torrent that may lose no piece."""

    def torrent_of(self, infohash: str) -> bytes | None:
        """Return the bytes of a torrent, if anybody knows them."""

    def know(self, torrents: Mapping[str, bytes]) -> None:
        """Take the bytes of the torrents that we have joined."""


@dataclass(frozen=True, slots=True)
class Stock:
    """What a look at the disk found.

    If something has to go: how many bytes may, at most; ``files`` go now. ``torrents``
    has the bytes of their torrents, and the files that lose no piece.
    """

    limits: CacheLimits = field(default_factory=CacheLimits)
    usage: Usage = field(default_factory=Usage)
    evictable: int = 0
    files: tuple[CachedFile, ...] = ()
    torrents: Torrents = field(default_factory=dict)
