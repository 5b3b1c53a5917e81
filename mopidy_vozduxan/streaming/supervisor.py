"""Watches over streams that wait: says so, re-arms, gives up, remembers.

Looks once a second at what the manager shows it. Never releases anything; what
a failure means is for the frontend, and for the listener.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from mopidy_vozduxan.exceptions import (
    MetadataTimeout,
    Stalled,
    VozduxanError,
)
from mopidy_vozduxan.planning.patience import Grudges, Verdict, judge
from mopidy_vozduxan.streaming.stream import Stream
from mopidy_vozduxan.streaming.swarm import Swarm
from mopidy_vozduxan.streaming.target import FileChoice, no_such_file

logger = logging.getLogger(__name__)


class Supervisor:
    """Times are in seconds.

    ``tell_failure(token, uri, reason)`` is called about once a second for as
    long as a stream that the player was given can not go on.
    """

    def __init__(
        self,
        *,
        stall_timeout: float,
        metadata_timeout: float,
        failed_track: float,
        tell_failure: Callable[[str, str, str], None],
        rearm: Callable[[Swarm], None],
    ) -> None:
        self._stall_timeout = stall_timeout
        self._metadata_timeout = metadata_timeout
        self._tell_failure = tell_failure
        self._rearm = rearm
        self._grudges: Grudges[tuple[str, FileChoice], VozduxanError] = Grudges(
            failed_track
        )

    def refuse_failed(
        self, infohash: str, index: FileChoice, lived: float, now: float
    ) -> None:
        """Raise what the track failed with a moment ago.

        ``lived`` is when its swarm last delivered anything.
        """
        error = self._grudges.against((infohash, index), lived, now)
        if error:
            raise error

    def look_at(self, stream: Stream, now: float) -> None:
        """Do what the stream's wait calls for."""
        swarm = stream.swarm
        if swarm.failure:
            self.failed(stream, swarm.failure, now)
        elif stream.is_nothing:
            self.failed(stream, no_such_file(swarm.name, stream.index), now)
        elif stream.waiting_since is None:
            stream.failure = None
        else:
            self._look_at_wait(stream, stream.waiting_since, now)

    def failed(self, stream: Stream, error: VozduxanError, now: float) -> None:
        """Remember the failure, and tell of it."""
        if not stream.failure:
            stream.failure = error
            self._grudges.hold((stream.swarm.infohash, stream.index), error, now)
        self.tell(stream, error)

    def tell(self, stream: Stream, error: VozduxanError) -> None:
        """Tell that the player's track cannot go on; others of its file may."""
        if stream.uri:
            self._tell_failure(stream.token, stream.uri, str(error))

    def _look_at_wait(self, stream: Stream, since: float, now: float) -> None:
        patience = self._patience(stream)
        verdict = judge(since, stream.swarm.progressed_at, now, patience)
        if verdict is not Verdict.WAIT and not stream.said_so:
            stream.said_so = True
            _say_what_it_waits_for(stream)
        if verdict is Verdict.GIVE_UP:
            self._give_up(stream, now)
        elif verdict is Verdict.REARM:
            self._rearm(stream.swarm)

    def _patience(self, stream: Stream) -> float:
        known = stream.swarm.metainfo is not None
        return self._stall_timeout if known else self._metadata_timeout

    def _give_up(self, stream: Stream, now: float) -> None:
        name, seconds = stream.swarm.name, int(self._patience(stream))
        error: VozduxanError = Stalled(
            f"The swarm of “{name}” delivered nothing for {seconds} s."
        )
        if stream.swarm.metainfo is None:
            error = MetadataTimeout(
                f"Nobody gave us the metadata of “{name}” for {seconds} s."
            )
        for reader in list(stream.readers):
            if not reader.player and reader.waiting_since is not None:
                reader.fail(error)
        self.failed(stream, error, now)


def _say_what_it_waits_for(stream: Stream) -> None:
    swarm = stream.swarm
    logger.info(
        "Vozduxan: “%s” of “%s” is waiting for %s (%d peers connected)",
        stream.name,
        swarm.name,
        "data" if swarm.metainfo else "the torrent's metadata",
        swarm.statistics.num_peers,
    )
