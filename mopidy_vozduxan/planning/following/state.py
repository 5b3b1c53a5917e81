"""What is known of what plays: one value, replaced by every event.

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
    """``prefetch_tracks`` is how many next tracks get a bucket.

    A player that is silent for ``patience_s`` without a reason is given up.
    """

    prefetch_tracks: int
    patience_s: float


@dataclass(frozen=True, slots=True)
class Given:
    """What core has given the player by now.

    ``starts`` counts how often core has told it to start. ``start_ms`` is where the
    track begins in the stream ``token``.
    """

    starts: int = 0
    token: str | None = None
    uri: str | None = None
    start_ms: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """What the events so far have told.

    ``core`` is core's state as its events told it. ``token`` is the stream of what
    sounds, or is to, and ``start_ms`` where in it that begins. ``starting`` is the
    URI that is to sound, ``heard`` the one that sounded last, until a stop; something
    is ``sounding`` also if it is another backend's. ``starts`` is the count of the
    last start that we were told of. ``sought`` is the URI that is to start at a
    position. With ``holds`` it was paused before it could sound. ``skips`` counts
    since something sounded or was asked for. ``news`` are the torrents that more is
    known of than the tracklist shows.
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
    skips: int = 0
    position_ms: int = -1  # when a failure was last looked at
    silence: Silence | None = None  # without a reason
    tells_positions: bool = False  # not every audio output need do so
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
