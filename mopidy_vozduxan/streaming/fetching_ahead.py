"""Fetches ahead: the tracks that follow, and the heads of the rest of the queue.

Belongs to the manager and lives on our event loop. The frontend says which tracks
follow.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.planning.buckets import affordable
from mopidy_vozduxan.streaming.open_streams import OpenStreams
from mopidy_vozduxan.streaming.stream import Stream
from mopidy_vozduxan.streaming.target import Target

logger = logging.getLogger(__name__)


class FetchingAhead:
    """Heads of queued tracks have ``head_s`` seconds, and share ``budget()`` bytes."""

    def __init__(
        self, streams: OpenStreams, head_s: float, budget: Callable[[], int]
    ) -> None:
        self._streams = streams
        self._head_s = head_s
        self._budget = budget

    def aim(self, following: Sequence[Target], buckets: Sequence[str]) -> None:
        """Take the tracks that follow the current one, the next first; never waits.

        The first ones go to ``buckets``. Of the others the heads are fetched, within
        the budget. A track that cannot be opened is left out; its error shows when its
        turn comes.
        """
        near, far = following[: len(buckets)], following[len(buckets) :]
        opened = [(t, s) for t in near if (s := self._try_open(t)) is not None]
        for stream in self._streams.values():
            starts_ms = tuple(t.start_ms for t, s in opened if s is stream)
            stream.playhead.followed_by(starts_ms)
        holders = self._streams.holders
        tokens = dict.fromkeys(stream.token for _, stream in opened)
        tokens.pop(holders.buckets.current or "", None)
        holders.follow(dict(zip(buckets, tokens, strict=False)))
        logger.debug("Next come %s", [self._streams[t].name for t in tokens])
        holders.queue(stream.token for stream in self._open_heads(far))
        self._streams.end_orphans()

    def _open_heads(self, targets: Sequence[Target]) -> Iterator[Stream]:
        costs = {}
        for place, target in enumerate(targets):
            with contextlib.suppress(VozduxanError):
                cost = target.head_cost(self._head_s)
                if cost is not None:
                    costs[place] = cost
        for place in affordable(costs, self._budget()):
            if stream := self._try_open(targets[place]):
                yield stream

    def _try_open(self, target: Target) -> Stream | None:
        try:
            return self._streams.open(target)
        except VozduxanError as exc:
            logger.debug("Not fetched ahead: %s", exc)
            return None
