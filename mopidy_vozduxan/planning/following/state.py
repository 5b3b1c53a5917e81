"""What is known about playback: one value, replaced by every event.

Positions are in ms, times in monotonic seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mopidy_vozduxan.planning.following.orders import Order, Release
from mopidy_vozduxan.planning.following.questions import Question
from mopidy_vozduxan.planning.following.silence import Silence
from mopidy_vozduxan.torrent.uris import SCHEMES


@dataclass(frozen=True, slots=True)
class Settings:
    """``prefetch_tracks`` is the number of next tracks that get a bucket.

    A player that is silent for ``patience_s`` without a reason is given up.
    """

    prefetch_tracks: int
    patience_s: float


@dataclass(frozen=True, slots=True)
class Given:
    """What core has given to the player so far.

    ``starts`` counts how often core has told it to start. ``start_ms`` is where the
    track begins in the stream ``token``.
    """

    starts: int = 0
    token: str | None = None
    uri: str | None = None
    start_ms: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """What the events so far have reported.

    ``core`` is core's state according to its events. ``token`` is the stream that
    sounds or should start, and ``start_ms`` where the track begins in it. ``starting``
    is the URI that should start, ``heard`` the one that sounded last, until a stop.
    ``sounding`` includes tracks of other backends. ``starts`` is the count at the last
    reported start. ``sought`` is the URI that should start at a position. ``holds``
    says that it was paused before it could sound. ``halted`` says that core was stopped
    and has started nothing since. ``skips`` counts skips since something sounded or was
    asked for. ``news`` are the torrents about which more is
    known than the tracklist shows.
    """

    settings: Settings
    core: str = "stopped"
    token: str | None = None
    start_ms: int = 0
    sounding: bool = False
    starting: str | None = None
    heard: str | None = None
    starts: int = 0
    sought: tuple[str, int] = ("", 0)
    holds: bool = False
    halted: bool = False
    skips: int = 0
    position_ms: int = -1  # at the last look at a failure
    silence: Silence | None = None  # without a reason
    tells_positions: bool = False  # some audio outputs may not report any
    news: frozenset[str] = frozenset()


#: The next state, and what is to be done, in order.
Step = tuple[State, tuple[Order | Question, ...]]


class Event(Protocol):
    """Something happened, or a question is answered."""

    def follow(self, state: State) -> Step:
        """Return what follows from it."""
        ...


def is_ours(uri: str) -> bool:
    """Return whether our backend plays that URI."""
    return uri.partition(":")[0] in SCHEMES


def releases(state: State, given: Given) -> tuple[Release, ...]:
    """Return what ends the streams of what plays, and of what was to play next."""
    tokens = dict.fromkeys((state.token, given.token))
    return tuple(Release(token) for token in tokens if token)
