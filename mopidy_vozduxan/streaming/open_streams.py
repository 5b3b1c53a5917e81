"""The streams there are: who owns each, when its turn comes, what it asks for.

Belongs to the manager and lives on our event loop. Never opens or ends one.
"""

from __future__ import annotations

from mopidy_vozduxan.planning.buckets import BUCKET_ROLES, Buckets
from mopidy_vozduxan.planning.demand import Demand, Role
from mopidy_vozduxan.streaming.stream import Stream
from mopidy_vozduxan.streaming.swarm import Swarm
from mopidy_vozduxan.streaming.target import FileChoice


class OpenStreams(dict[str, Stream]):
    """The streams by token."""

    def __init__(self) -> None:
        super().__init__()
        self.buckets = Buckets()
        self.queued: tuple[str, ...] = ()  # whose heads are fetched
        self.player: str | None = None  # what Mopidy's player was given last

    def serving(self, swarm: Swarm, index: FileChoice) -> Stream | None:
        """Return the stream that serves a file to listeners, if there is one."""
        return next(
            (
                stream
                for stream in self.values()
                if stream.swarm is swarm
                and stream.file_index == index
                and not stream.background
            ),
            None,
        )

    def orphans(self) -> list[Stream]:
        """Return those that nobody owns or reads any more."""
        owned = {*self.buckets.tokens(), *self.queued, self.player}
        return [
            stream
            for stream in self.values()
            if stream.token not in owned
            and not (stream.claims or stream.readers or stream.background)
        ]

    def take_out(self, token: str) -> Stream | None:
        """Return a stream that is no longer among these, nor owned."""
        self.buckets = self.buckets.without(token)
        self.queued = tuple(t for t in self.queued if t != token)
        if self.player == token:
            self.player = None
        return self.pop(token, None)

    def used(self) -> set[str]:
        """Return the infohashes of the swarms that have streams."""
        return {stream.swarm.infohash for stream in self.values()}

    def in_turn(self) -> list[Stream]:
        """Return them in the order they will be played, others last."""
        turn = dict.fromkeys((*self.buckets.tokens(), *self.queued, *self))
        return [self[token] for token in turn]

    def demands(self) -> list[Demand]:
        """Return what every stream asks for, with the time its turn comes."""
        demands, starts_in_ms = [], 0
        for stream in self.in_turn():
            if stream.swarm.failure:
                continue
            role = self._role(stream)
            wanted_now = role is Role.CURRENT or stream.readers
            demand = stream.demand(role, 0 if wanted_now else starts_in_ms)
            if demand:
                demands.append(demand)
            starts_in_ms += stream.remaining_ms
        return demands

    def _role(self, stream: Stream) -> Role:
        if stream.claims:
            return Role.CURRENT
        if stream.background:
            return Role.BACKGROUND
        bucket = self.buckets.holder(stream.token)
        return BUCKET_ROLES[bucket] if bucket else Role.QUEUED
