"""The map between the positions and the offsets of a stream, as far as it is known.

Lives on our event loop. The container's own map is used once its first piece is read;
until then an offset is a proportion of the file's size.
"""

from __future__ import annotations

from mopidy_vozduxan.audio.formats import estimated_length_ms
from mopidy_vozduxan.audio.id3 import tag_size
from mopidy_vozduxan.audio.timelines import (
    audio_before_index,
    read_index,
    read_timeline,
)
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.streaming.stream_file import StreamFile
from mopidy_vozduxan.torrent.metainfo import TorrentFile


class StreamTimeline:
    """The timeline of ``file``."""

    def __init__(self, file: StreamFile) -> None:
        self._file = file
        self._length_ms: int | None = None
        self._measured: Timeline | None = None
        self._audio_start: int | None = None  # known once the head was looked at
        self._unindexed: Span | None = None  # audio before an index not yet read

    @property
    def is_measured(self) -> bool:
        """Whether the container gave its own timeline, at the last look."""
        return self._measured is not None

    def learn_length(self, length_ms: int | None) -> None:
        """Take a length from elsewhere; ``None`` changes nothing."""
        self._length_ms = length_ms or self._length_ms

    def now(self) -> Timeline | None:
        """Return the best timeline so far; ``None`` without metadata."""
        entry = self._file.entry
        if entry is None:
            return None
        if self._audio_start is None:
            self._look_at_head(entry)
        if self._unindexed:
            self._look_at_index(entry, self._unindexed)
        return self._measured or self._estimated(entry)

    def _estimated(self, entry: TorrentFile) -> Timeline:
        length_ms = self._length_ms or estimated_length_ms(entry.path, entry.size)
        return Timeline(entry.size, length_ms or 1, self._audio_start or 0)

    def _look_at_head(self, entry: TorrentFile) -> None:
        pieces = self._file.map
        if pieces is None or not entry.size:
            return
        if head := self._file.recent(pieces.span_of(pieces.pieces[0])):
            self._audio_start = min(tag_size(head), entry.size)
            self._measured = read_timeline(entry.path, head, entry.size)
            self._unindexed = audio_before_index(head, entry.size)

    def _look_at_index(self, entry: TorrentFile, audio: Span) -> None:
        if index := self._file.recent(Span(audio.stop, entry.size)):
            self._measured = read_index(index, audio, entry.size)
            self._unindexed = None
