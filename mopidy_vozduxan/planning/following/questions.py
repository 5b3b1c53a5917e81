"""Questions whose answers decisions need; an event answers each of them.

A question costs core or the player a moment, so it is asked only if its answer matters.
``playback/asking.py`` asks them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the stream ``token`` is given up; ``reason`` is a sentence.

    ``{name}`` in it is replaced by the name of the track ``uri``.
    """

    token: str
    reason: str
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class WasTakenBack:
    """Was the start of ``uri`` taken back? :class:`playing.TakenBack` if so."""

    uri: str


@dataclass(frozen=True, slots=True)
class WhereItBegan:
    """Where does it sound? :class:`playing.HasBegun`."""

    wanted_ms: int


@dataclass(frozen=True, slots=True)
class IsQueued:
    """Is ``uri`` in the tracklist? :class:`coming.TakenOut` if not."""

    uri: str


@dataclass(frozen=True, slots=True)
class IsPlaying:
    """Does core say "playing"? :class:`failing.Plays` if so."""


@dataclass(frozen=True, slots=True)
class HowItGoes:
    """What does the player do? :class:`failing.Looked`."""


@dataclass(frozen=True, slots=True)
class DoesItSound:
    """Does anything still sound? :class:`failing.Listened`."""

    trouble: Trouble


@dataclass(frozen=True, slots=True)
class WhatIsQueued:
    """What else could be played? :class:`failing.GivenUp`."""

    trouble: Trouble


@dataclass(frozen=True, slots=True)
class HasMovedOn:
    """Has core started another track? :class:`failing.MovedOn`.

    ``starts`` is the count from before; ``others`` says whether a track of another
    backend, whose starts are not counted, may play.
    """

    token: str
    starts: int
    others: bool


@dataclass(frozen=True, slots=True)
class WasLeft:
    """Has the player left the stream ``token``? :class:`failing.Left`."""

    token: str
    starts: int


@dataclass(frozen=True, slots=True)
class WhatComesNext:
    """What does core play next? :class:`coming.ComesNext`."""


Question = (
    WasTakenBack
    | WhereItBegan
    | IsQueued
    | IsPlaying
    | HowItGoes
    | DoesItSound
    | WhatIsQueued
    | HasMovedOn
    | WasLeft
    | WhatComesNext
)
