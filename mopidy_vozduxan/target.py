"""What will be played: a file of a torrent that need not be joined yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mopidy_vozduxan.engine.protocol import Metainfo, TorrentFile, TorrentSource
from mopidy_vozduxan.exceptions import NoSuchFile
from mopidy_vozduxan.formats import estimated_length_ms, is_playable
from mopidy_vozduxan.names import natural_path_key
from mopidy_vozduxan.planning.spans import PieceMap, Span


@dataclass(frozen=True, slots=True)
class Target:
    """A file by its index, or the first track for ``None``.

    ``length_ms`` is the track's length where somebody knows it.
    """

    source: TorrentSource
    metainfo: Metainfo | None
    index: int | None
    length_ms: int | None = None

    @property
    def file(self) -> TorrentFile | None:
        """The file; ``None`` without metadata. Raises :class:`NoSuchFile`."""
        return playable_file(self.metainfo, self.index) if self.metainfo else None

    @property
    def byte_rate(self) -> float:
        """Bytes of audio per second, as far as it is known; else 0."""
        file = self.file
        if file is None:
            return 0.0
        length_ms = self.length_ms or estimated_length_ms(file.path, file.size)
        return file.size * 1000 / length_ms if length_ms else 0.0

    def head_cost(self, seconds: float) -> int | None:
        """Return how many bytes the pieces of its first ``seconds`` take.

        ``None`` without metadata. Raises :class:`NoSuchFile`.
        """
        file = self.file
        if file is None or self.metainfo is None:
            return None
        pieces = PieceMap(file.offset, file.size, self.metainfo.piece_length)
        head = Span(0, int(seconds * self.byte_rate))
        return len(pieces.pieces_of(head)) * pieces.piece_length


#: A file, or how to find it: what takes time then ends with the request.
Wanted = Target | Callable[[], Awaitable[Target]]


def playable_file(metainfo: Metainfo, index: int | None) -> TorrentFile:
    """Return the file of that index; for ``None`` the first track.

    Raises :class:`NoSuchFile`.
    """
    if index is None:
        tracks = [file for file in metainfo.files if is_playable(file)]
        if not tracks:
            raise NoSuchFile(f"“{metainfo.name}” has no audio file.")
        return min(tracks, key=lambda file: natural_path_key(file.path))
    if 0 <= index < len(metainfo.files) and not metainfo.files[index].padding:
        return metainfo.files[index]
    raise NoSuchFile(f"“{metainfo.name}” has no file number {index}.")
