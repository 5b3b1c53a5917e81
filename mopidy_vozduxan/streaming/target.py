"""What to play: a file of a torrent that need not be joined yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mopidy_vozduxan.audio.formats import estimated_length_ms
from mopidy_vozduxan.planning.spans import PieceMap, Span
from mopidy_vozduxan.streaming.file_choice import FileChoice, playable_file
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile, TorrentSource
from mopidy_vozduxan.torrent.tags import CUE_FRAMES_PER_S, Part

#: A span of a file in CUE frames; None means the file's end.
Cut = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Target:
    """A file of a torrent.

    ``length_ms`` is the file's length, if it is known; ``part`` is the track to play,
    if a CUE sheet divides the file.
    """

    source: TorrentSource
    metainfo: Metainfo | None
    index: FileChoice
    length_ms: int | None = None
    part: Part | None = None

    @property
    def start_ms(self) -> int:
        """The position in the file where the track begins."""
        return _ms(self.part.start) if self.part else 0

    @property
    def stop_ms(self) -> int | None:
        """The position in the file where the track ends; ``None`` means at its end."""
        stop = self.part.stop if self.part else None
        return None if stop is None else _ms(stop)

    @property
    def cut(self) -> Cut | None:
        """The part of the file that the player gets; ``None`` for all of it."""
        return (self.part.start, self.part.stop) if self.part else None

    @property
    def file(self) -> TorrentFile | None:
        """The file; ``None`` without metadata. Raises :class:`NoSuchFile`."""
        return playable_file(self.metainfo, self.index) if self.metainfo else None

    @property
    def byte_rate(self) -> float:
        """Bytes of audio per second, or 0 if that is unknown."""
        file = self.file
        if file is None:
            return 0.0
        length_ms = self.length_ms or estimated_length_ms(file.path, file.size)
        return file.size * 1000 / length_ms if length_ms else 0.0

    def head_cost(self, seconds: float) -> int | None:
        """Return the size of the pieces of its first ``seconds``, in bytes.

        ``None`` without metadata. Raises :class:`NoSuchFile`.
        """
        file = self.file
        if file is None or self.metainfo is None:
            return None
        pieces = PieceMap(file.offset, file.size, self.metainfo.piece_length)
        head = Span(0, int(seconds * self.byte_rate))
        return len(pieces.pieces_of(head)) * pieces.piece_length


def _ms(cue_frames: int) -> int:
    return cue_frames * 1000 // CUE_FRAMES_PER_S


#: A file, or how to find it; a search that takes time ends with its request.
Wanted = Target | Callable[[], Awaitable[Target]]
