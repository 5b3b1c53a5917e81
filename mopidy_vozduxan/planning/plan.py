"""The plan of a swarm, how urgent every piece is, and what differs between two.

A plan is absolute and whole; only the *changes* between two plans travel to
the engine. Nothing here knows why a piece is wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from enum import IntEnum


class Urgency(IntEnum):
    """How soon a piece is needed; a larger number is sooner."""

    NONE = 0  # not wanted
    ANCHOR = 1  # wanted by nobody: it keeps the peers
    IDLE = 2  # wanted some day, when nothing else is
    LATER = 3  # ahead of a head, up to about a minute
    SOON = 4  # due within seconds
    NOW = 5  # somebody waits for it


@dataclass(frozen=True, slots=True)
class Plan:
    """The urgency of every piece, and which of them are ``hurried``.

    ``urgencies[piece]`` is an :class:`Urgency` as a byte. Somebody who jumped waits
    for a hurried piece: what else was asked for is cancelled. ``trickle`` says that
    nothing is wanted in earnest: the plan holds anchors only, to be fetched slowly.
    ``missing`` is how many wanted pieces were missing when it was made.
    """

    urgencies: bytes
    hurried: frozenset[int] = frozenset()
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
        return Plan(b"\xff" * len(self.urgencies), self.hurried)

    def __repr__(self) -> str:
        counts = {u.name: self.urgencies.count(u) for u in Urgency if u}
        wanted = " ".join(f"{name}={n}" for name, n in counts.items() if n)
        return f"<Plan {wanted or 'nothing'} hurried={sorted(self.hurried)}>"


@dataclass(frozen=True, slots=True)
class Changes:
    """What the engine has to do to get from one plan to the next.

    ``urgencies`` lists the pieces whose urgency differs, ``hurried`` those that are
    hurried from now on. ``unhurried`` asks to forget those that were *before* that.
    """

    urgencies: tuple[tuple[int, Urgency], ...] = ()
    hurried: tuple[int, ...] = ()
    unhurried: bool = False
    trickle: bool = False

    def __bool__(self) -> bool:
        return bool(self.urgencies or self.hurried or self.unhurried)


def changes_between(old: Plan, new: Plan, held: Set[int]) -> Changes:
    """Return the changes that turn ``old`` into ``new``; ``held`` is on disk.

    A piece that is no longer hurried, and still missing, means that a head jumped:
    then all deadlines go first, because libtorrent drops its other outstanding
    requests only when the deadline list was empty (a seek then takes 1.0 s instead
    of 4.7 s, measured on 2.1.1). Dropping them leaves those pieces at its lowest
    priority, so their urgencies are sent again.
    """
    jumped = bool(old.hurried - new.hurried - held)
    disturbed = old.hurried if jumped else frozenset()
    urgencies = tuple(
        (piece, urgency)
        for piece, urgency in _repainted(old.urgencies, new.urgencies, disturbed)
        if piece not in held
    )
    hurried = new.hurried if jumped else new.hurried - old.hurried
    return Changes(urgencies, tuple(sorted(hurried)), jumped, new.trickle)


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
