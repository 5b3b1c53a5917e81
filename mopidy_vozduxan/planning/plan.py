"""The plan of a swarm (how urgent every piece is), and the changes between two plans.

A plan is complete, but only *changes* go to the engine. Does not know why a piece is
wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from enum import IntEnum


class Urgency(IntEnum):
    """How soon a piece is needed; a larger number means sooner."""

    NONE = 0  # not wanted
    ANCHOR = 1  # nobody wants it: it keeps the peers connected
    IDLE = 2  # wanted when nothing else is
    LATER = 3  # ahead of a head, up to about a minute
    SOON = 4  # due within seconds
    NOW = 5  # somebody waits for it


@dataclass(frozen=True, slots=True)
class Plan:
    """The urgency of every piece, and which of them are ``hurried``.

    ``urgencies[piece]`` is an :class:`Urgency` as a byte. A head that jumped waits for
    a hurried piece, so other requests are cancelled. ``trickle`` says that the plan has
    only anchors, which are to be fetched slowly. ``missing`` is how many wanted pieces
    were missing when the plan was made.
    """

    urgencies: bytes
    hurried: frozenset[int] = frozenset()
    trickle: bool = False
    missing: int = 0

    @classmethod
    def empty(cls, piece_count: int) -> Plan:
        """Return the plan that wants none of ``piece_count`` pieces."""
        return cls(bytes(piece_count))

    def forgotten(self) -> Plan:
        """Return a plan to compare with if the engine may have lost this one.

        All its urgencies differ from any plan's, so all are sent again.
        """
        return Plan(b"\xff" * len(self.urgencies), self.hurried)

    def __repr__(self) -> str:
        counts = {u.name: self.urgencies.count(u) for u in Urgency if u}
        wanted = " ".join(f"{name}={n}" for name, n in counts.items() if n)
        return f"<Plan {wanted or 'nothing'} hurried={sorted(self.hurried)}>"


@dataclass(frozen=True, slots=True)
class Changes:
    """What the engine has to do to get from one plan to the next.

    ``urgencies`` lists the pieces whose urgency differs, ``hurried`` those that become
    hurried. ``unhurried`` asks to forget the old hurried ones *before* that.
    """

    urgencies: tuple[tuple[int, Urgency], ...] = ()
    hurried: tuple[int, ...] = ()
    unhurried: bool = False
    trickle: bool = False

    def __bool__(self) -> bool:
        return bool(self.urgencies or self.hurried or self.unhurried)


def changes_between(old: Plan, new: Plan, held: Set[int]) -> Changes:
    """Return the changes that turn ``old`` into ``new``; ``held`` is on disk.

    If a piece is no longer hurried, and still missing, a head has jumped. Then all
    deadlines are dropped first, because libtorrent drops its other outstanding requests
    only if the deadline list was empty (a seek then takes 1.0 s instead of 4.7 s,
    measured on 2.1.1). That leaves those pieces at its lowest priority, so their
    urgencies are sent again.
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
