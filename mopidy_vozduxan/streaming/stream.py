"""One file of a swarm being served: what is known of it, and who reads it.

Lives on our event loop and belongs to the manager.
"""

from __future__ import annotations

import asyncio
import contextlib

from mopidy_vozduxan.audio.formats import content_type, estimated_length_ms, tail_probe
from mopidy_vozduxan.audio.id3 import tag_size
from mopidy_vozduxan.audio.timelines import (
    audio_before_index,
    read_index,
    read_timeline,
)
from mopidy_vozduxan.exceptions import NoSuchFile, VozduxanError, WrongData
from mopidy_vozduxan.planning.demand import Demand, Head, Role
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import PieceMap, Span
from mopidy_vozduxan.streaming.info import StreamInfo
from mopidy_vozduxan.streaming.reader import PieceReader
from mopidy_vozduxan.streaming.swarm import Swarm
from mopidy_vozduxan.streaming.target import FileChoice, playable_file
from mopidy_vozduxan.torrent.metainfo import TorrentFile


class Stream:
    """The stream named by ``token``; ``index`` says which file it is.

    ``uri`` is what the player calls it, and is only handed back; ``length_ms``
    is the track's length where it is known; ``now`` is in monotonic seconds.
    """

    def __init__(
        self,
        token: str,
        swarm: Swarm,
        index: FileChoice,
        now: float,
    ) -> None:
        self.token = token
        self.swarm = swarm
        self.index = index
        self.uri = ""
        self.length_ms: int | None = None
        self.readers: set[PieceReader] = set()
        self.gone = asyncio.Event()  # released
        self.claims = 0  # prepares that have not found it a bucket yet
        self.background = False  # read for its tags, say, and by nobody's player
        self.failure: VozduxanError | None = None
        self.asked_at = now  # opened, or asked for by a listener
        self.said_so = False  # the log says that it waits
        self.playhead: int | None = None  # the offset that sounds
        self.playhead_is_sure = False
        self.position_ms = 0  # what sounds
        self.stop_ms: int | None = None  # where the track ends before the file does
        self.starts_ms: tuple[int, ...] = ()  # where the next tracks in it begin
        self._file: TorrentFile | None = None
        self._measured: Timeline | None = None
        self._audio_start: int | None = None  # known once the head was looked at
        self._indexed: Span | None = None  # audio whose index behind it was not read
        #: Where a reader is expected: at the start, and after a seek.
        self.forecast: Head | None = Head(0)

    def __repr__(self) -> str:
        return f"<Stream {self.name!r} readers={self.readers} {self.forecast}>"

    @property
    def file(self) -> TorrentFile | None:
        """The file being served; ``None`` until the metadata is here.

        Metadata may also show that there is no such file (:attr:`is_nothing`).
        """
        if self._file is None and self.swarm.metainfo:
            with contextlib.suppress(NoSuchFile):
                self._file = playable_file(self.swarm.metainfo, self.index)
        return self._file

    @property
    def is_nothing(self) -> bool:
        """Whether the metadata came and has no such file."""
        return self.swarm.metainfo is not None and self.file is None

    @property
    def file_index(self) -> FileChoice:
        """The index of the file, also where it was asked for as the first track."""
        file = self.file
        return file.index if file else self.index

    @property
    def name(self) -> str:
        """What a listener calls the stream."""
        file = self.file
        return file.path.rsplit("/", 1)[-1] if file else self.swarm.name

    @property
    def info(self) -> StreamInfo | None:
        """What the HTTP doors say of the stream; ``None`` without metadata."""
        file = self.file
        if file is None:
            return None
        etag = f"{self.swarm.infohash}-{file.index}"
        return StreamInfo(self.name, file.size, content_type(file.path), etag)

    @property
    def pieces(self) -> PieceMap | None:
        """Where the stream lies in its torrent."""
        file, metainfo = self.file, self.swarm.metainfo
        if file is None or metainfo is None:
            return None
        return PieceMap(file.offset, file.size, metainfo.piece_length)

    @property
    def own_pieces(self) -> range:
        """The pieces it lies in, as far as they are known."""
        return self.pieces.pieces if self.pieces else range(0)

    @property
    def timeline(self) -> Timeline | None:
        """How the stream's offsets and positions belong together.

        What the container says counts as soon as its first piece was read.
        """
        file = self.file
        if file is None:
            return None
        if self._audio_start is None:
            self._look_at_head(file)
        if self._indexed:
            self._look_at_index(file, self._indexed)
        if self._measured:
            return self._measured
        length_ms = self.length_ms or estimated_length_ms(file.path, file.size)
        return Timeline(file.size, length_ms or 1, self._audio_start or 0)

    def _look_at_head(self, file: TorrentFile) -> None:
        pieces = self.pieces
        head = (
            pieces
            and file.size
            and self._recent(pieces, pieces.span_of(pieces.pieces[0]))
        )
        if head:
            self._audio_start = min(tag_size(head), file.size)
            self._measured = read_timeline(file.path, head, file.size)
            self._indexed = audio_before_index(head, file.size)

    def _look_at_index(self, file: TorrentFile, audio: Span) -> None:
        pieces = self.pieces
        index = pieces and self._recent(pieces, Span(audio.stop, file.size))
        if index:
            self._measured, self._indexed = read_index(index, audio, file.size), None

    def _recent(self, pieces: PieceMap, span: Span) -> bytes | None:
        """Return the bytes of ``span``, if all were read a moment ago."""
        parts = []
        for number in pieces.pieces_of(span):
            piece = self.swarm.recent_piece(number)
            if piece is None:
                return None
            parts.append(piece[pieces.within(number, span)])
        return b"".join(parts)

    @property
    def remaining_ms(self) -> int:
        """How long the stream still plays, from what sounds or from its start."""
        timeline = self.timeline
        if timeline is None:
            return 0
        stop_ms = self.stop_ms or timeline.length_ms
        return max(0, min(stop_ms, timeline.length_ms) - self.position_ms)

    def moved(self, position_ms: int) -> None:
        """Take the position that sounds.

        Without a word of the container its offset is a rough proportion: no further
        than what was read, and left aside while somebody reads (`demand`).
        """
        self.position_ms = position_ms
        if timeline := self.timeline:
            offset = timeline.offset_at(position_ms)
            self.playhead_is_sure = self._measured is not None
            if self.readers and not self.playhead_is_sure:
                offset = min(offset, max(r.head().offset for r in self.readers))
            self.playhead = offset

    def moved_to(self, offset: int) -> None:
        """Take the offset that sounds."""
        self.playhead, self.playhead_is_sure = offset, True
        if timeline := self.timeline:
            self.position_ms = timeline.position_at(offset)

    @property
    def waiting_since(self) -> float | None:
        """When the longest wait for metadata or for a piece began, if there is one."""
        if self.swarm.metainfo is None:
            return self.asked_at
        starts = (reader.waiting_since for reader in self.readers)
        first = min((start for start in starts if start is not None), default=None)
        return None if first is None else max(first, self.asked_at)

    @property
    def is_hopeless(self) -> bool:
        """Whether somebody waits for a piece that is not asked for any more."""
        pieces = self.pieces
        heads = [reader.head() for reader in self.readers]
        return pieces is not None and any(
            pieces.piece_at(head.offset) in self.swarm.hopeless.pieces
            for head in heads
            if head.waiting and head.offset < pieces.size
        )

    @property
    def consumed_from(self) -> int:
        """The offset that sounds, or that is read or will be read first."""
        if self.playhead is not None:
            return self.playhead
        offsets = [reader.head().offset for reader in self.readers]
        expected = self.forecast.offset if self.forecast else 0
        return min(offsets, default=expected)

    @property
    def is_asked_for(self) -> bool:
        """Whether the swarm is asked for what its readers wait for."""
        pieces, plan = self.pieces, self.swarm.plan
        if pieces is None or plan is None:
            return False
        heads = [reader.head() for reader in self.readers]
        return any(
            plan.urgencies[pieces.piece_at(head.offset)] > Urgency.ANCHOR
            for head in heads
            if head.waiting and head.offset < pieces.size
        )

    def amounts(self) -> tuple[int | None, int, int]:
        """Return size, bytes held, and bytes held without a gap from where it is
        at; the size is ``None`` without metadata.
        """
        pieces, held = self.pieces, self.swarm.held
        if pieces is None:
            return None, 0, 0
        ahead = pieces.contiguous_bytes(self.consumed_from, held)
        return pieces.size, pieces.held_bytes(held), ahead

    def begin(self, start_ms: int, stop_ms: int | None) -> None:
        """Expect the track from ``start_ms`` to ``stop_ms`` to be played.

        Where the offset is not sure the beginning of the file, which tells it, is
        read first in any case.
        """
        self.stop_ms = stop_ms
        timeline = self.timeline if start_ms else None
        self.expect(timeline.offset_at(start_ms) if timeline and self._measured else 0)
        self.position_ms = start_ms

    def asked_for_at(self, now: float) -> None:
        """Take it that a listener asks for it: what is waited for is so from now on."""
        self.asked_at, self.failure, self.said_so = now, None, False

    def expect(self, offset: int) -> None:
        """Expect a reader at ``offset``, and fetch what it will ask for."""
        self.forecast, self.playhead = Head(offset), None
        self.said_so = False
        if timeline := self.timeline:
            self.position_ms = timeline.position_at(offset)

    def demand(self, role: Role, starts_in_ms: int = 0) -> Demand | None:
        """Return what the stream asks of its swarm; ``None`` without metadata.

        A rough playhead counts while nobody reads. Where somebody does, one with a
        length that is a third too long would lag by as much, and a reader with
        nothing left would seem to be far ahead.
        """
        file, pieces, timeline = self.file, self.pieces, self.timeline
        if file is None or pieces is None or timeline is None or not file.size:
            return None
        heads = [reader.head() for reader in self.readers]
        if self.forecast and role is Role.CURRENT:
            heads.append(self.forecast)
        probe = tail_probe(file.path)
        rules = role is Role.CURRENT and (self.playhead_is_sure or not heads)
        return Demand(
            infohash=self.swarm.infohash,
            role=role,
            pieces=pieces,
            byte_rate=timeline.byte_rate,
            heads=tuple(heads),
            playhead=self.playhead if rules else None,
            starts=tuple(ms and timeline.offset_at(ms) for ms in self.starts_ms),
            starts_in_ms=starts_in_ms,
            probes=(Span(file.size - probe, file.size),) if probe else (),
        )


def wrong_data(stream: Stream) -> WrongData:
    """Return why what is read of a stream never comes."""
    return WrongData(
        f"“{stream.name}” of “{stream.swarm.name}” is not what its torrent says,"
        " wherever it is fetched from."
    )
