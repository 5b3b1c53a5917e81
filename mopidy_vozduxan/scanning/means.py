"""What reading a torrent needs, and how it can end. Contains no behaviour."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from mopidy_vozduxan.audio.chapters import Chapter
from mopidy_vozduxan.catalog.on_loop import AsyncCatalog
from mopidy_vozduxan.scanning.file_scan import FileScanner
from mopidy_vozduxan.streaming.background import Background
from mopidy_vozduxan.torrent.metainfo import Metainfo
from mopidy_vozduxan.torrent.tags import Part, Tags


@dataclass(frozen=True, slots=True)
class Readers:
    """Parsers of the files. Invalid sheets and playlists raise BadInput."""

    sheet: Callable[[bytes, str, Metainfo], Mapping[int, tuple[Part, ...]]]
    best_sheet: Callable[[Sequence[tuple[Part, ...]]], tuple[Part, ...]]
    #: Takes a file's path, a scan's result, its first bytes, and its length in ms.
    embedded: Callable[
        [str, Mapping[str, list[Any]], bytes, int | None], tuple[Part, ...]
    ]
    #: Takes chapters, the length in ms, and the file's tags.
    chapters: Callable[[Sequence[Chapter], int | None, Tags], tuple[Part, ...]]
    #: Keeps a file as a playlist.
    playlist: Callable[[Metainfo, int, bytes], object]
    #: Takes a scan's result, the length in ms, texts of the album's other files, and
    #: the file's path.
    tags: Callable[[Mapping[str, list[Any]], int | None, Sequence[str], str], Tags]
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
    catalog: AsyncCatalog
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
