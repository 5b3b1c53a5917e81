"""The file that a stream serves: which one it is, and where it is in its torrent.

Lives on our event loop. The file is unknown until the swarm has its metadata.
"""

from __future__ import annotations

import contextlib

from mopidy_vozduxan.audio.formats import content_type
from mopidy_vozduxan.exceptions import NoSuchFile
from mopidy_vozduxan.planning.spans import PieceMap, Span
from mopidy_vozduxan.streaming.file_choice import FileChoice, playable_file
from mopidy_vozduxan.streaming.stream_info import StreamInfo
from mopidy_vozduxan.streaming.swarm import Swarm
from mopidy_vozduxan.torrent.metainfo import TorrentFile


class StreamFile:
    """The file of ``swarm`` that ``choice`` selects."""

    def __init__(self, swarm: Swarm, choice: FileChoice) -> None:
        self.choice = choice
        self._swarm = swarm
        self._entry: TorrentFile | None = None

    @property
    def entry(self) -> TorrentFile | None:
        """The torrent's entry for the file; ``None`` until the metadata is here.

        The metadata may also have no such file (:attr:`is_missing`).
        """
        if self._entry is None and self._swarm.metainfo:
            with contextlib.suppress(NoSuchFile):
                self._entry = playable_file(self._swarm.metainfo, self.choice)
        return self._entry

    @property
    def is_missing(self) -> bool:
        """Whether the metadata is here and has no such file."""
        return self._swarm.metainfo is not None and self.entry is None

    @property
    def index(self) -> FileChoice:
        """The index of the file, also if it was requested as the first track."""
        entry = self.entry
        return entry.index if entry else self.choice

    @property
    def name(self) -> str:
        """The name for listeners: the file's, or for now its torrent's."""
        entry = self.entry
        return entry.path.rsplit("/", 1)[-1] if entry else self._swarm.name

    @property
    def info(self) -> StreamInfo | None:
        """What the HTTP doors say about the file; ``None`` without metadata."""
        entry = self.entry
        if entry is None:
            return None
        etag = f"{self._swarm.infohash}-{entry.index}"
        return StreamInfo(self.name, entry.size, content_type(entry.path), etag)

    @property
    def map(self) -> PieceMap | None:
        """The map between the file's offsets and the torrent's pieces."""
        entry, metainfo = self.entry, self._swarm.metainfo
        if entry is None or metainfo is None:
            return None
        return PieceMap(entry.offset, entry.size, metainfo.piece_length)

    @property
    def pieces(self) -> range:
        """The file's pieces, as far as they are known."""
        return self.map.pieces if self.map else range(0)

    def recent(self, span: Span) -> bytes | None:
        """Return the bytes of ``span``, if all of them are cached."""
        pieces = self.map
        if pieces is None:
            return None
        parts = []
        for number in pieces.pieces_of(span):
            piece = self._swarm.pieces.recent(number)
            if piece is None:
                return None
            parts.append(piece[pieces.within(number, span)])
        return b"".join(parts)
