"""Who holds a stream open, by its token: a bucket, the queue, Mopidy's player.

Belongs to the manager and lives on our event loop. Knows only tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from mopidy_vozduxan.planning.buckets import BUCKET_ROLES, Buckets
from mopidy_vozduxan.planning.demand import Role


class Holders:
    """``buckets`` hold the current and the following tracks, ``queued`` has the heads.

    ``player`` is the token that Mopidy's player got last.
    """

    def __init__(self) -> None:
        self.buckets = Buckets()
        self.queued: tuple[str, ...] = ()  # streams whose heads are fetched
        self.player: str | None = None

    def hold(self, token: str) -> bool:
        """Return whether anybody holds it."""
        return token in (*self.buckets.tokens(), *self.queued, self.player)

    def role(self, token: str) -> Role:
        """Return what a stream is to the listener."""
        bucket = self.buckets.holder(token)
        return BUCKET_ROLES[bucket] if bucket else Role.QUEUED

    def in_turn(self) -> tuple[str, ...]:
        """Return the tokens in the order they will be played."""
        return (*self.buckets.tokens(), *self.queued)

    def put(self, bucket: str, token: str) -> None:
        """Put a token into a bucket, in place of the one before."""
        self.buckets, _ = self.buckets.put(bucket, token)

    def follow(self, tokens: Mapping[str, str]) -> None:
        """Put tokens, by bucket, behind the current one, in place of all others."""
        self.buckets = replace(Buckets(self.buckets.current), **tokens)

    def queue(self, tokens: Iterable[str]) -> None:
        """Hold these for their heads, and none of the earlier ones."""
        self.queued = tuple(dict.fromkeys(tokens))

    def give_player(self, token: str) -> None:
        """Note that the player got a token."""
        self.player = token

    def drop(self, token: str) -> None:
        """Stop holding a token."""
        self.buckets = self.buckets.without(token)
        self.queued = tuple(t for t in self.queued if t != token)
        if self.player == token:
            self.player = None

    def drop_all(self) -> tuple[str, ...]:
        """Stop holding anything; return what the buckets held."""
        tokens = self.buckets.tokens()
        self.buckets, self.queued, self.player = Buckets(), (), None
        return tokens
