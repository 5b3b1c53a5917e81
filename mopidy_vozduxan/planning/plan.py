"""The plan of a swarm, how urgent every piece is, and what differs between two.

A plan is absolute and whole; only the *changes* between two plans travel to
the engine. Nothing here knows why a piece is wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType


class Urgency(IntEnum):
    """How soon a piece is needed; a larger number is sooner."""

    NONE = 0  # not wanted
    ANCHOR = 1  # wanted by nobody: it keeps the peers
    IDLE = 2  # wanted some day, when nothing else is
    LATER = 3  # ahead of a head, up to about a minute
    SOON = 4  # due within seconds
    NOW = 5  # somebody waits for it


#: A deadline that moved by less than this many ms is not sent again: the
#: engine looks at deadlines once a second (libtorrent 2.1, facts in
#: docs/architecture.rst), so finer steps would change nothing.
DUE_TOLERANCE_MS = 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """The urgency of every piece, and when the most urgent ones are due.

    ``urgencies[piece]`` is an :class:`Urgency` as a byte; ``due_ms`` maps a
    missing piece to the monotonic time in ms at which its first byte is
    needed. ``trickle`` says that nothing is wanted in earnest: the plan holds
    an anchor only, to be fetched slowly. ``missing`` is how many wanted pieces
    were missing when it was made.
    """

    urgencies: bytes
    due_ms: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    trickle: bool = False
    missing: int = 0

    @classmethod
    def empty(cls, piece_count: int) -> Plan:
        """Return the plan that wants nothing of a torrent of that size."""
        return cls(bytes(piece_count))

    def forgotten(self) -> Plan:
        """Return what to compare with when the engine may have lost this plan.

        Every urgency differs from it, so all are sent again.
        """
        return Plan(b"\xff" * len(self.urgencies), self.due_ms)

    def __repr__(self) -> str:
        counts = {u.name: self.urgencies.count(u) for u in Urgency if u}
        wanted = " ".join(f"{name}={n}" for name, n in counts.items() if n)
        return f"<Plan {wanted or 'nothing'} due={sorted(self.due_ms)}>"


@dataclass(frozen=True, slots=True)
class Changes:
    """What the engine has to do to get from one plan to the next.

    ``urgencies`` lists the pieces whose urgency differs. ``forget_due`` asks
    to drop every deadline there is *before* setting those of ``due_ms``.
    """

    urgencies: tuple[tuple[int, Urgency], ...] = ()
    due_ms: tuple[tuple[int, int], ...] = ()
    forget_due: bool = False
    trickle: bool = False

    def __bool__(self) -> bool:
        return bool(self.urgencies or self.due_ms or self.forget_due)


def changes_between(old: Plan, new: Plan, held: Set[int]) -> Changes:
    """Return the changes that turn ``old`` into ``new``; ``held`` is on disk.

    A deadline that is no longer wanted, for a piece that is still missing,
    means that a head jumped: then all deadlines go first, because libtorrent
    drops its other outstanding requests only when the deadline list was empty
    (a seek then takes 1.0 s instead of 4.7 s, measured on 2.1.1). Dropping
    them leaves those pieces at its lowest priority, so their urgencies are
    sent again.
    """
    jumped = any(p not in new.due_ms and p not in held for p in old.due_ms)
    disturbed = set(old.due_ms) if jumped else set()
    urgencies = tuple(
        (piece, urgency)
        for piece, urgency in _repainted(old.urgencies, new.urgencies, disturbed)
        if piece not in held
    )
    due = tuple(
        (piece, at)
        for piece, at in new.due_ms.items()
        if jumped or _moved(old.due_ms.get(piece), at)
    )
    return Changes(urgencies, due, jumped, new.trickle)


def _repainted(
    old: bytes, new: bytes, disturbed: Set[int]
) -> Iterable[tuple[int, Urgency]]:
    if old == new and not disturbed:  # the usual case, and one memcmp
        return ()
    return (
        (piece, Urgency(now))
        for piece, (before, now) in enumerate(zip(old, new, strict=True))
        if before != now or piece in disturbed
    )


def _moved(before: int | None, now: int) -> bool:
    return before is None or abs(now - before) >= DUE_TOLERANCE_MS
