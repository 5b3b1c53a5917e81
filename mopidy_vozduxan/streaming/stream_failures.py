"""Reports failing streams to the player's side, and remembers the failures.

Belongs to the manager and lives on our event loop. Never ends a stream: the frontend
and the listener react to failures.
"""

from __future__ import annotations

from collections.abc import Callable

from mopidy_vozduxan.exceptions import (
    MetadataTimeout,
    NoSuchFile,
    Stalled,
    VozduxanError,
)
from mopidy_vozduxan.planning.patience import Grudges
from mopidy_vozduxan.planning.spans import PieceMap
from mopidy_vozduxan.streaming.file_choice import FileChoice, playable_file
from mopidy_vozduxan.streaming.open_streams import OpenStreams
from mopidy_vozduxan.streaming.stream import Stream
from mopidy_vozduxan.streaming.swarm import Swarm
from mopidy_vozduxan.streaming.swarms import Swarms
from mopidy_vozduxan.streaming.target import Target

_DEAD = (Stalled, MetadataTimeout)


class StreamFailures:
    """Failures are remembered for ``seconds``.

    ``report(token, uri, reason)`` is called when a stream of the player cannot
    continue; ``clock`` gives monotonic seconds.
    """

    def __init__(
        self,
        streams: OpenStreams,
        swarms: Swarms,
        seconds: float,
        clock: Callable[[], float],
        report: Callable[[str, str, str], None],
    ) -> None:
        self._streams = streams
        self._swarms = swarms
        self._clock = clock
        self._report = report
        self._grudges: Grudges[tuple[str, FileChoice], VozduxanError] = Grudges(seconds)
        self._dead: Grudges[str, VozduxanError] = Grudges(seconds)  # whole swarms

    def refuse(self, target: Target) -> None:
        """Raise a track's recent error, unless its swarm shows life.

        The tracks of a dead swarm share the error of the first one.
        """
        infohash, now = target.source.infohash, self._clock()
        swarm = self._swarms.get(infohash)
        lived = 0.0
        # If some pieces are wrong, progress with others says nothing about a track.
        if swarm and not swarm.pieces.hopeless.pieces:
            lived = swarm.activity.progressed_at
        error = self._grudges.against((infohash, target.index), lived, now)
        if swarm and not swarm.statistics.num_peers and not _is_here(swarm, target):
            error = error or self._dead.against(infohash, lived, now)
        if error:
            raise error

    def forget(self, stream: Stream) -> None:
        """Forget a stream's failures: a listener asks for it."""
        self._dead.forget(stream.swarm.infohash)
        if self._grudges.forget(_key(stream)):
            stream.swarm.activity.give_up()
        stream.wait.begin_anew(self._clock())

    def add(self, stream: Stream, error: VozduxanError) -> None:
        """Remember the failure, and report it."""
        if stream.wait.fail(error):
            self._grudges.hold(_key(stream), error, self._clock())
            if isinstance(error, _DEAD) and not stream.swarm.statistics.num_peers:
                self._dead.hold(stream.swarm.infohash, error, self._clock())
        self._tell(stream, str(error))

    def swarm_broke(self, swarm: Swarm) -> None:
        """Report all streams of a broken swarm."""
        for stream in list(self._streams.values()):
            if stream.swarm is swarm and swarm.failure:
                self.add(stream, swarm.failure)

    def cannot_play(self, stream: Stream, error: VozduxanError) -> None:
        """Report that the player's track cannot continue; its file's others may."""
        self._tell(stream, f"“{stream.name}”: {error}")

    def _tell(self, stream: Stream, reason: str) -> None:
        if stream.uri:
            self._report(stream.token, stream.uri, reason)


def _key(stream: Stream) -> tuple[str, FileChoice]:
    return stream.swarm.infohash, stream.file.choice


def _is_here(swarm: Swarm, target: Target) -> bool:
    """Return whether a track needs no peer: its file is on disk, or may be."""
    if swarm.metainfo is None:
        return False
    try:
        file = playable_file(swarm.metainfo, target.index)
    except NoSuchFile:
        return True  # opening it says so
    pieces = PieceMap(file.offset, file.size, swarm.metainfo.piece_length).pieces
    return swarm.pieces.held.union(swarm.pieces.likely).issuperset(pieces)
