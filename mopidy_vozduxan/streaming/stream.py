"""One file of a swarm being served: its readers, its playhead, its demand.

Lives on our event loop and belongs to the manager.
"""

from __future__ import annotations

import asyncio

from mopidy_vozduxan.audio.formats import tail_probe
from mopidy_vozduxan.exceptions import WrongData
from mopidy_vozduxan.planning.demand import Demand, Head, Role
from mopidy_vozduxan.planning.hearing import Hearing
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.streaming.file_choice import FileChoice
from mopidy_vozduxan.streaming.listener_wait import ListenerWait
from mopidy_vozduxan.streaming.open_readers import OpenReaders
from mopidy_vozduxan.streaming.playhead import Playhead
from mopidy_vozduxan.streaming.stream_file import StreamFile
from mopidy_vozduxan.streaming.stream_timeline import StreamTimeline
from mopidy_vozduxan.streaming.swarm import Swarm
from mopidy_vozduxan.torrent.metainfo import TorrentFile


class Stream:
    """The stream named by ``token``; ``choice`` says which file of ``swarm`` it is.

    A ``background`` stream is read for its tags, for example, and not played. ``now``
    is in monotonic seconds.
    """

    def __init__(
        self,
        token: str,
        swarm: Swarm,
        choice: FileChoice,
        now: float,
        *,
        background: bool = False,
    ) -> None:
        self.token = token
        self.swarm = swarm
        self.background = background
        self.whole = False
        self.uri = ""  # the player's name for it; only passed back
        self.claims = 0
        self.gone = asyncio.Event()  # released
        self.file = StreamFile(swarm, choice)
        self.timing = StreamTimeline(self.file)
        self.playhead = Playhead(None if background else Head(0))
        self.readers = OpenReaders()
        self.wait = ListenerWait(now)
        self._hearing = Hearing()

    def __repr__(self) -> str:
        return f"<Stream {self.name!r} readers={self.readers} {self.playhead}>"

    @property
    def name(self) -> str:
        """The stream's name for listeners."""
        return self.file.name

    @property
    def timeline(self) -> Timeline | None:
        """The map between the stream's offsets and positions."""
        return self.timing.now()

    # --- who has it

    def give_player(self, uri: str) -> None:
        """Note that Mopidy's player got the stream, under ``uri``."""
        self.uri = uri

    def want_whole(self) -> None:
        """Have all of the file fetched, though nobody reads it."""
        self.whole = True

    def claim(self) -> None:
        """Keep the stream for a prepare that has no bucket for it yet."""
        self.claims += 1

    def unclaim(self) -> None:
        """Note that one prepare has a bucket now, or has ended."""
        self.claims -= 1

    # --- where it plays

    def begin(self, start_ms: int, stop_ms: int | None) -> None:
        """Expect the track from ``start_ms`` to ``stop_ms`` to be played.

        If the offset is uncertain, the beginning of the file is read first, because it
        has the offset.
        """
        self._hearing = Hearing(start_ms)
        self.playhead.stop_at(stop_ms)
        timeline = self.timeline if start_ms else None
        measured = timeline if self.timing.is_measured else None
        self.expect(measured.offset_at(start_ms) if measured else 0)
        self.playhead.sounds(start_ms)

    def expect(self, offset: int) -> None:
        """Expect a reader at ``offset``, and fetch what it will need."""
        self.playhead.jump(offset)
        self.wait.go_elsewhere()
        if timeline := self.timeline:
            self.playhead.sounds(timeline.position_at(offset))

    def moved(self, position_ms: int) -> None:
        """Note the position that sounds now.

        Until the container is read, its offset is a rough proportion: limited to what
        was read, and ignored while somebody reads (`demand`).
        """
        self.playhead.sounds(position_ms)
        if timeline := self.timeline:
            offset, sure = timeline.offset_at(position_ms), self.timing.is_measured
            if self.readers and not sure:
                offset = min(offset, max(h.offset for h in self.readers.heads))
            self.playhead.sounds_at(offset, sure=sure)

    def moved_to(self, offset: int) -> None:
        """Note the offset that sounds now."""
        self.playhead.sounds_at(offset, sure=True)
        if timeline := self.timeline:
            self.playhead.sounds(timeline.position_at(offset))

    def newly_heard(self) -> TorrentFile | None:
        """Return the file, if it counts as heard since the last move."""
        before, timeline = self._hearing, self.timeline
        if timeline is None:
            return None
        self._hearing = before.moved(self.playhead.position_ms, timeline.length_ms)
        return self.file.entry if self._hearing.heard and not before.heard else None

    @property
    def remaining_ms(self) -> int:
        """How long the stream still plays, from the playhead or from its start."""
        timeline = self.timeline
        return self.playhead.remaining_ms(timeline.length_ms) if timeline else 0

    @property
    def consumed_from(self) -> int:
        """The playhead, or else the first offset that is or will be read."""
        if self.playhead.offset is not None:
            return self.playhead.offset
        forecast = self.playhead.forecast
        expected = forecast.offset if forecast else 0
        return min((head.offset for head in self.readers.heads), default=expected)

    # --- what it waits for

    @property
    def waiting_since(self) -> float | None:
        """The start of the longest wait for metadata or a piece, if there is one."""
        if self.swarm.metainfo is None:
            return self.wait.asked_at
        first = self.readers.waiting_since
        return None if first is None else max(first, self.wait.asked_at)

    @property
    def is_hopeless(self) -> bool:
        """Whether somebody waits for a piece that is not requested any more."""
        return not self.swarm.pieces.hopeless.pieces.isdisjoint(self._awaited())

    @property
    def is_asked_for(self) -> bool:
        """Whether the pieces that its readers wait for are requested."""
        plan = self.swarm.plan.latest
        if plan is None:
            return False
        return any(plan.urgencies[p] > Urgency.ANCHOR for p in self._awaited())

    def _awaited(self) -> list[int]:
        pieces = self.file.map
        if self.whole:
            return self.missing
        return self.readers.awaited(pieces) if pieces else []

    @property
    def missing(self) -> list[int]:
        """The file's pieces that are not held."""
        held = self.swarm.pieces.held
        return [piece for piece in self.file.pieces if piece not in held]

    # --- what it has, and what it asks for

    def amounts(self) -> tuple[int | None, int, int]:
        """Return the size, the bytes held, and those held without a gap from the
        playhead on; the size is ``None`` without metadata.
        """
        pieces, held = self.file.map, self.swarm.pieces.held
        if pieces is None:
            return None, 0, 0
        ahead = pieces.contiguous_bytes(self.consumed_from, held)
        return pieces.size, pieces.held_bytes(held), ahead

    def demand(self, role: Role, starts_in_ms: int = 0) -> Demand | None:
        """Return the stream's demand; ``None`` without metadata.

        A rough playhead counts only while nobody reads. If the length is a third too
        long, the playhead would lag by as much, and a reader with nothing left would
        seem to be far ahead.
        """
        entry, pieces, timeline = self.file.entry, self.file.map, self.timeline
        if entry is None or pieces is None or timeline is None or not entry.size:
            return None
        playhead, heads = self.playhead, self.readers.heads
        if playhead.forecast and role is Role.CURRENT:
            heads.append(playhead.forecast)
        probe = tail_probe(entry.path)
        rules = role is Role.CURRENT and (playhead.is_sure or not heads)
        return Demand(
            infohash=self.swarm.infohash,
            role=role,
            pieces=pieces,
            byte_rate=timeline.byte_rate,
            heads=tuple(heads),
            playhead=playhead.offset if rules else None,
            starts=tuple(ms and timeline.offset_at(ms) for ms in playhead.starts_ms),
            starts_in_ms=starts_in_ms,
            probes=(Span(entry.size - probe, entry.size),) if probe else (),
        )


def wrong_data(stream: Stream) -> WrongData:
    """Return the error for bytes of a stream that nobody has right."""
    return WrongData(
        f"“{stream.name}” of “{stream.swarm.name}” does not match its torrent,"
        " wherever it is fetched from."
    )
