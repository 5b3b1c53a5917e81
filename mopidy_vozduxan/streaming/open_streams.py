"""The open streams: opening, holding, ordering and ending them.

Belongs to the manager and lives on our event loop. Others decide what to open and why;
``planning`` decides what is fetched.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping

from mopidy_vozduxan.exceptions import NoSuchStream, ShuttingDown
from mopidy_vozduxan.planning.demand import Demand, Role
from mopidy_vozduxan.streaming.file_choice import FileChoice, playable_file
from mopidy_vozduxan.streaming.holders import Holders
from mopidy_vozduxan.streaming.planner import Planner
from mopidy_vozduxan.streaming.stream import Stream
from mopidy_vozduxan.streaming.swarm import Swarm
from mopidy_vozduxan.streaming.swarms import Swarms
from mopidy_vozduxan.streaming.target import Target


class OpenStreams(Mapping[str, Stream]):
    """The streams by token; :attr:`holders` says who holds them open.

    ``changed`` asks for new plans, see :class:`Planner`.
    """

    def __init__(
        self,
        swarms: Swarms,
        planner: Planner,
        clock: Callable[[], float],
    ) -> None:
        self.holders = Holders()
        self.changed = planner.changed
        self._streams: dict[str, Stream] = {}
        self._swarms = swarms
        self._clock = clock
        self._listeners: list[Callable[[Stream], None]] = []
        self._closing = False

    def __getitem__(self, token: str) -> Stream:
        return self._streams[token]

    def __iter__(self) -> Iterator[str]:
        return iter(self._streams)

    def __len__(self) -> int:
        return len(self._streams)

    # --- opening

    def open(self, target: Target) -> Stream:
        """Return the stream that serves a file to listeners; opens it if necessary.

        Raises :class:`NoSuchFile`.
        """
        swarm = self._swarms.join(target.source, target.metainfo)
        index = target.index
        if swarm.metainfo:
            index = playable_file(swarm.metainfo, index).index
        stream = self._serving(swarm, index)
        if stream is None:
            swarm.membership.stream()
            stream = self._add(swarm, index)
        stream.timing.learn_length(target.length_ms)
        return stream

    def open_background(self, swarm: Swarm, index: int) -> Stream:
        """Return a new stream for a background read.

        Nobody holds it: it lasts until :meth:`end`.
        """
        stream = self._add(swarm, index, background=True)
        swarm.membership.visit(self._clock())
        return stream

    def _add(
        self, swarm: Swarm, index: FileChoice, *, background: bool = False
    ) -> Stream:
        token, now = secrets.token_urlsafe(24), self._clock()
        stream = Stream(token, swarm, index, now, background=background)
        self._streams[token] = stream
        return stream

    def _serving(self, swarm: Swarm, index: FileChoice) -> Stream | None:
        return next(
            (
                stream
                for stream in self.values()
                if stream.swarm is swarm
                and stream.file.index == index
                and not stream.background
            ),
            None,
        )

    # --- which there are

    def named(self, token: str) -> Stream:
        """Return a stream. Raises :class:`NoSuchStream`, :class:`ShuttingDown`."""
        if self._closing:
            raise ShuttingDown("Mopidy is stopping.")
        try:
            return self[token]
        except KeyError:
            raise NoSuchStream("No stream has this token.") from None

    def used(self) -> set[str]:
        """Return the infohashes of the swarms that have streams."""
        return {stream.swarm.infohash for stream in self.values()}

    def players(self) -> frozenset[str]:
        """Return the tokens that Mopidy's own player got."""
        return frozenset(s.token for s in self.values() if s.uri)

    def in_turn(self) -> list[Stream]:
        """Return them in the order of play, others last."""
        turn = dict.fromkeys((*self.holders.in_turn(), *self))
        return [self[token] for token in turn]

    def demands(self) -> list[Demand]:
        """Return every stream's demand, with the time at which it is due."""
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
            return Role.KEPT if stream.whole else Role.BACKGROUND
        return self.holders.role(stream.token)

    # --- holding and ending

    def give_player(self, stream: Stream, uri: str) -> None:
        """Note that Mopidy's player got a stream, under ``uri``."""
        stream.give_player(uri)
        self.holders.give_player(stream.token)

    def put(self, bucket: str, stream: Stream) -> None:
        """Put a stream into a bucket; the one before may end."""
        self.holders.put(bucket, stream.token)
        self.end_orphans()

    def end_orphans(self) -> None:
        """End the streams that nobody holds or reads any more."""
        for stream in list(self.values()):
            read = stream.claims or stream.readers or stream.background
            if not read and not self.holders.hold(stream.token):
                self.end(stream.token)
        self.changed()

    def end(self, token: str) -> None:
        """Close a stream's readers, and take it from all its holders.

        Safe to call twice.
        """
        stream = self._streams.pop(token, None)
        if stream is None:
            return
        self.holders.drop(token)
        stream.gone.set()
        for ended in self._listeners:
            ended(stream)
        stream.readers.close()
        now = self._clock()
        membership = stream.swarm.membership
        membership.use(now)
        if stream.background:
            membership.visit(now)
        self.changed()

    def on_end(self, listener: Callable[[Stream], None]) -> None:
        """Have ``listener`` called with every stream that ends."""
        self._listeners.append(listener)

    def close(self) -> None:
        """Fail every reader; no stream is found any more."""
        self._closing = True
        for stream in list(self.values()):
            stream.readers.fail(ShuttingDown("Mopidy is stopping."))
