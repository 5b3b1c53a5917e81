"""The manager under random orders of everything that can happen to it."""

import asyncio
from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mopidy_vozduxan.engine.protocol import SwarmBroke
from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.planning.demand import SwarmView
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.planning.sharing import plans
from mopidy_vozduxan.planning.spans import PieceMap
from mopidy_vozduxan.streaming.limits import Limits
from mopidy_vozduxan.streaming.manager import Manager
from mopidy_vozduxan.streaming.target import Target
from tests.fake_engine import FakeEngine, album, payload, source_of

ONE, TWO = album(infohash="ab" * 20), album(infohash="cd" * 20)
ALBUMS = {m.infohash: m for m in (ONE, TWO)}
IDLE_SWARM_S = 100
#: The tracks last this long, so that windows end within them.
LENGTH_MS = 60_000
swarms = st.sampled_from(sorted(ALBUMS))
picks = st.integers(0, 7)
indexes = st.integers(0, 3)  # 3 is no file of theirs
pieces = st.lists(st.integers(0, ONE.piece_count - 1), max_size=10)


def _watched(coro):
    """Start a task whose error is not lost, and not news either."""
    task = asyncio.ensure_future(coro)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


class Streaming(RuleBasedStateMachine):
    """Drives a manager on a loop of its own; the engine delivers when told."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.now = 1000.0
        self.engine = FakeEngine(ONE, TWO)
        self.manager = Manager(
            self.engine,
            Limits(stall_timeout=20, metadata_timeout=60, idle_swarm=IDLE_SWARM_S),
            lambda: self.now,
            lambda *_: None,
            lambda _: None,
        )
        self.engine.start(self.loop, self.manager.on_event)
        self.tokens = {}  # every one ever seen, and the wait for its release
        self.readers = []  # (reader, expected bytes, task or None)
        self.waits = []  # tasks of commands
        self.releases = 0
        self.mishaps = []  # what went wrong in a callback of the loop
        self.loop.set_exception_handler(lambda _, what: self.mishaps.append(what))

    def teardown(self):
        self.run(self.end())
        self.loop.close()

    async def end(self):
        await self.manager.close()
        await self.settle()
        released = [t for t in self.tokens.values() if not t.done()]
        for task in released:
            task.cancel()
        await self.settle()
        for task in self.waits + [task for _, _, task in self.readers if task]:
            assert task.done(), f"{task} waits forever"
        assert not len(self.manager.preparing._newest)

    def run(self, coro):
        return self.loop.run_until_complete(asyncio.wait_for(coro, 10))

    async def settle(self):
        for _ in range(12):
            await asyncio.sleep(0)

    def act(self, call, *args, **kwargs):
        """Call on the loop, let everything follow that follows, keep errors ours."""

        async def inside():
            try:
                result = call(*args, **kwargs)
            except VozduxanError:
                result = None
            await self.settle()
            return result

        return self.run(inside())

    def begin(self, coro):
        async def inside():
            self.waits.append(_watched(coro))
            await self.settle()

        self.run(inside())
        for task in self.waits:
            if task.done() and not task.cancelled() and not task.exception():
                self.see(task.result())

    def see(self, token):
        async def inside():
            self.tokens[token] = _watched(self.manager.serving.released(token))

        if token not in self.tokens:
            self.run(inside())

    def token(self, pick):
        tokens = list(self.tokens) or ["unknown"]
        return tokens[pick % len(tokens)]

    def target(self, infohash, index, known=True):
        metainfo = ALBUMS[infohash]
        return Target(
            source_of(metainfo), metainfo if known else None, index, LENGTH_MS
        )

    # --- what others do

    @rule(infohash=swarms, index=indexes, known=st.booleans())
    def play(self, infohash, index, known):
        target = self.target(infohash, index, known)
        token = self.act(self.manager.play, target, "uri")
        if token:
            self.see(token)
            assert self.manager.streams.holders.buckets.current == token

    @rule(infohash=swarms, index=indexes, known=st.booleans())
    def prepare(self, infohash, index, known):
        self.begin(self.manager.prepare(self.target(infohash, index, known)))

    @rule(infohash=swarms, index=indexes, bucket=st.sampled_from(["prefetch", "warm"]))
    def prefetch(self, infohash, index, bucket):
        current = self.manager.streams.holders.buckets.current
        target = self.target(infohash, index)
        preparing = "current" in self.manager.preparing._newest
        self.begin(self.manager.prefetch(target, bucket))
        # What it knows of a torrent may be all that a prepare was waiting for.
        assert preparing or self.manager.streams.holders.buckets.current == current

    @rule()
    def cancel_prepare(self):
        self.act(self.manager.cancel_prepare)
        assert "current" not in self.manager.preparing._newest

    @rule(tracks=st.lists(st.tuples(swarms, indexes), max_size=5))
    def aim(self, tracks):
        targets = [self.target(*track) for track in tracks]
        self.act(self.manager.aim, targets, ("prefetch", "warm"))

    @rule(pick=picks)
    def release(self, pick):
        token = self.token(pick)
        known = token in self.manager.streams
        self.releases += known
        self.act(self.manager.release, token)
        assert token not in self.manager.streams
        if known and self.releases % 10 == 0:
            self.no_swarm_is_past_its_time()

    def no_swarm_is_past_its_time(self):
        used = self.manager.streams.used()
        for swarm in self.manager.swarms.all():
            idle = self.now - swarm.membership.used_at > IDLE_SWARM_S
            assert not idle or swarm.infohash in used or swarm.is_waited_for

    @rule()
    def dispose(self):
        self.act(self.manager.dispose)
        streams = self.manager.streams
        assert streams.holders.buckets.tokens() == streams.holders.queued == ()
        assert all(s.claims or s.readers for s in streams.values())
        for swarm in self.manager.swarms.all():
            assert swarm.infohash in streams.used() or swarm.is_waited_for

    @rule(infohash=swarms)
    def remove(self, infohash):
        self.run(self.manager.remove({infohash}, delete_data=False))
        self.run(self.settle())
        assert infohash not in self.manager.streams.used()
        assert self.manager.swarms.get(infohash) is None

    @rule(pick=picks, offset=st.integers(0, 2000))
    def notify_position(self, pick, offset):
        token = self.token(pick)
        self.act(self.manager.notify_position, token, offset)

    @rule(pick=picks, position_ms=st.integers(0, 10_000))
    def seek(self, pick, position_ms):
        self.act(self.manager.forecast, self.token(pick), position_ms)

    @rule(pick=picks, start=st.integers(0, 940), player=st.booleans())
    def connect(self, pick, start, player):
        token = self.token(pick)
        stream = self.manager.streams.get(token)
        reader = self.act(
            self.manager.serving.open_reader, token, start, start + 10, player=player
        )
        if reader:
            offset = stream.file.entry.offset + start
            metainfo = stream.swarm.metainfo
            expected = payload(metainfo)[offset : offset + 10]
            self.readers.append((reader, expected, self.reading(reader)))

    def reading(self, reader):
        async def read():
            parts = []
            while (part := await reader.next()) is not None:
                parts.append(bytes(part))
            return b"".join(parts)

        async def inside():
            task = _watched(read())
            await self.settle()
            return task

        return self.run(inside())

    @rule(pick=picks)
    def disconnect(self, pick):
        if not self.readers:
            return
        reader, _, task = self.readers.pop(pick % len(self.readers))
        self.act(reader.close)
        assert task.done()

    # --- what swarms do

    @rule(infohash=swarms)
    def metadata(self, infohash):
        if infohash in self.engine.wants:
            self.act(self.engine.tell_metadata, infohash)

    @rule(infohash=swarms, pieces=pieces)
    def deliver(self, infohash, pieces):
        swarm = self.manager.swarms.get(infohash)
        if swarm and swarm.metainfo:
            self.act(self.engine.give, *pieces, infohash=infohash)

    @rule(infohash=swarms, storage=st.booleans())
    def break_down(self, infohash, storage):
        self.act(self.manager.on_event, SwarmBroke(infohash, "broken", storage))

    @rule(seconds=st.sampled_from([1, 5, 30, 200]), ticks=st.booleans())
    def time_passes(self, seconds, ticks):
        self.now += seconds
        if ticks:
            self.act(self.manager._supervisor.tick)
            self.no_swarm_is_past_its_time()

    # --- what always holds

    @invariant()
    def a_token_sits_in_one_bucket_at_most(self):
        tokens = self.manager.streams.holders.buckets.tokens()
        assert len(tokens) == len(set(tokens))
        assert set(tokens) <= set(self.manager.streams)

    @invariant()
    def no_stream_is_without_an_owner(self):
        owned = {
            *self.manager.streams.holders.buckets.tokens(),
            *self.manager.streams.holders.queued,
            self.manager.streams.holders.player,
        }
        for token, stream in self.manager.streams.items():
            assert token in owned or stream.claims or stream.readers

    @invariant()
    def no_file_has_two_streams_in_one_swarm(self):
        named = [(id(s.swarm), s.file.index) for s in self.manager.streams.values()]
        assert len(named) == len(set(named))

    @invariant()
    def no_reader_outlives_its_stream(self):
        streams = self.manager.streams.values()
        alive = {reader for stream in streams for reader in stream.readers}
        for reader, _, _ in self.readers:
            assert reader.closed or reader in alive

    @invariant()
    def what_is_read_is_the_torrents(self):
        for _, expected, task in self.readers:
            if task.done() and not task.cancelled() and not task.exception():
                assert task.result() == expected

    @invariant()
    def a_released_stream_says_so(self):
        self.run(self.settle())
        for token, released in self.tokens.items():
            assert released.done() == (token not in self.manager.streams)

    @invariant()
    def a_claim_lasts_no_longer_than_its_command(self):
        claims = sum(stream.claims for stream in self.manager.streams.values())
        assert claims <= len(self.manager.preparing._newest)

    @invariant()
    def the_engine_wants_what_the_plans_say(self):
        for swarm in self.manager.swarms.all():
            if swarm.plan.latest and not swarm.failure:
                wants = self.engine.wants[swarm.infohash]
                missing = [p for p in wants if p not in swarm.pieces.held]
                assert all(wants[p] == swarm.plan.latest.urgencies[p] for p in missing)

    @invariant()
    def nothing_goes_wrong_unseen(self):
        assert not self.mishaps

    @invariant()
    def every_wait_ends(self):
        swarms = self.manager.swarms.all()
        for reader, _, task in self.readers:
            alive = reader._swarm in swarms and not reader._swarm.failure
            assert task.done() or (alive and reader._pieces)
        for swarm in swarms:
            assert not swarm.pieces.held & swarm.pieces.awaited, "it is here"
            assert not (swarm.metainfo and swarm.is_waited_for), "it is here"
            assert not (swarm.failure and swarm.is_waited_for)
        waiting = [task for task in self.waits if not task.done()]
        assert len(waiting) <= len(self.manager.preparing._newest)

    @invariant()
    def who_just_jumped_is_served_at_once(self):
        for stream in self.manager.streams.values():
            plan = stream.swarm.plan.latest
            heads = [reader.head() for reader in stream.readers]
            jumped = [head for head in heads if head.waiting and not head.earned]
            for head in jumped if plan and not stream.swarm.failure else ():
                piece = stream.file.map.piece_at(head.offset)
                if piece not in stream.swarm.pieces.held:
                    assert plan.urgencies[piece] == Urgency.NOW

    @invariant()
    def a_shared_piece_has_the_highest_urgency_of_its_demands(self):
        """As high as it would be if every file began with a piece of its own."""
        demands = self.manager.streams.demands()
        views = {
            infohash: replace(view, in_use=False)  # without anchors
            for infohash, view in self.manager.swarms.views().items()
        }
        apart = [replace(d, pieces=_apart(d.pieces)) for d in demands]
        apart_views = {
            infohash: _held_apart(view, ALBUMS[infohash])
            for infohash, view in views.items()
        }
        shared_plans = plans(demands, views)
        apart_plans = plans(apart, apart_views)
        for infohash, shared in shared_plans.items():
            highest = [Urgency.NONE] * len(shared.urgencies)
            for number, pieces in enumerate(_pieces_of_files(ALBUMS[infohash])):
                for piece in pieces:
                    one = apart_plans[infohash].urgencies[piece + number]
                    highest[piece] = max(highest[piece], one)
            assert list(shared.urgencies) == highest


def _pieces_of_files(metainfo):
    return [
        PieceMap(file.offset, file.size, metainfo.piece_length).pieces
        for file in metainfo.files
    ]


def _apart(pieces):
    """Where a file lies when all before it end with a piece of their own."""
    number = pieces.file_offset // ONE.files[0].size
    return replace(
        pieces, file_offset=pieces.file_offset + number * pieces.piece_length
    )


def _held_apart(view, metainfo):
    held = frozenset(
        piece + number
        for number, pieces in enumerate(_pieces_of_files(metainfo))
        for piece in pieces
        if piece in view.held
    )
    return SwarmView(view.piece_count + len(metainfo.files) - 1, held, in_use=False)


TestStreaming = Streaming.TestCase
TestStreaming.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
