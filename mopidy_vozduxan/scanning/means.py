"""What reading a torrent needs, and how it can end. Contains no behaviour."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol

from mopidy_vozduxan.scanning.file_scan import FileScanner
from mopidy_vozduxan.streaming.background import Background
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentSource
from mopidy_vozduxan.torrent.tags import Part, Tags


class Known(Protocol):
    """What scanning needs of the catalog, from any thread."""

    def source(self, infohash: str) -> TorrentSource | None:
        """Return where the torrent's metadata comes from."""

    def metainfo(self, infohash: str) -> Metainfo | None:
        """Return the torrent's metainfo."""

    def unscanned(self, infohash: str, *, tried: bool = False) -> list[int]:
        """Return the files whose tags were not read, in the order of play.

        ``tried`` includes those that failed within the last day.
        """

    def unscanned_torrents(self, limit: int) -> list[str]:
        """Return torrents with such files, the newest first."""

    def leave_alone(self, infohash: str) -> None:
        """Do not ask for this torrent again soon."""

    def keep_tags(self, infohash: str, index: int, tags: Tags) -> None:
        """Keep a file's tags."""

    def note_missing(self, infohash: str, index: int) -> None:
        """Do not ask for this file again soon: nobody gave us its bytes."""

    def note_unreadable(self, infohash: str, index: int) -> None:
        """Do not read this file again: its bytes cannot be understood."""

    def keep_sheet(self, infohash: str, index: int, parts: Sequence[Part]) -> None:
        """Divide a file."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Parsers of the files. Invalid sheets and playlists raise BadInput."""

    sheet: Callable[[bytes, str, Metainfo], Mapping[int, tuple[Part, ...]]]
    best_sheet: Callable[[Sequence[tuple[Part, ...]]], tuple[Part, ...]]
    #: Takes a file's path, a scan's result, its first bytes, and its length in ms.
    embedded: Callable[
        [str, Mapping[str, list[Any]], bytes, int | None], tuple[Part, ...]
    ]
    #: Keeps a file as a playlist.
    playlist: Callable[[Metainfo, int, bytes], object]
    #: Takes a scan's result, the length in ms, and texts of the album's other files.
    tags: Callable[[Mapping[str, list[Any]], int | None, Sequence[str]], Tags]
    texts: Callable[[Mapping[str, list[Any]]], Sequence[str]]
    #: Takes the infohash, the file index and an embedded picture.
    picture: Callable[[str, int, bytes], object]


@dataclass(frozen=True, slots=True)
class Means:
    """What reading a torrent needs.

    ``found(infohash)`` is called whenever more is known, ``moved(infohash)`` whenever
    the swarm shows life.
    """

    background: Background
    catalog: Known
    files: FileScanner
    readers: Readers
    found: Callable[[str], None]
    moved: Callable[[str], None]


class Outcome(Enum):
    """How reading a torrent ended."""

    DONE = auto()
    #: There is no metadata yet.
    TOO_EARLY = auto()
    #: Nobody in the swarm gave us anything, or the swarm broke.
    DEAD = auto()
