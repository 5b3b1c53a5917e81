"""Which token is in which bucket: a value, and how it changes.

Never touches a stream: a change *returns* the tokens that lost their bucket, and the
manager releases them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TypeVar

from mopidy_vozduxan.planning.demand import Role

T = TypeVar("T")

BUCKET_ROLES = {"current": Role.CURRENT, "prefetch": Role.PREFETCH, "warm": Role.WARM}


@dataclass(frozen=True, slots=True)
class Buckets:
    """At most one token in each of ``current``, ``prefetch`` and ``warm``."""

    current: str | None = None
    prefetch: str | None = None
    warm: str | None = None

    def holder(self, token: str) -> str | None:
        """Return the name of the bucket that holds ``token``."""
        return next((b for b in self.names() if getattr(self, b) == token), None)

    def tokens(self) -> tuple[str, ...]:
        """Return all tokens held, the current one first."""
        held = (getattr(self, b) for b in self.names())
        return tuple(t for t in held if t is not None)

    def without(self, token: str) -> Buckets:
        """Return the buckets without ``token``."""
        bucket = self.holder(token)
        return replace(self, **{bucket: None}) if bucket else self

    def put(self, bucket: str, token: str) -> tuple[Buckets, tuple[str, ...]]:
        """Put ``token`` into ``bucket``, and take it out of any other.

        Returns the new buckets, and the tokens that are in none of them any more.
        """
        after = replace(self.without(token), **{bucket: token})
        return after, tuple(t for t in self.tokens() if after.holder(t) is None)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the buckets, the most important first."""
        return tuple(f.name for f in fields(cls))


def affordable(costs: Mapping[T, int], budget: int) -> tuple[T, ...]:
    """Return the items, in order, whose costs in bytes together fit the budget."""
    chosen = []
    for wish, cost in costs.items():
        if cost <= budget:
            chosen.append(wish)
            budget -= cost
    return tuple(chosen)
