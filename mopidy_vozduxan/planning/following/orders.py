"""Orders to core, to the player, to the tracklist, and to the log.

They are only values; ``playback/carrying_out.py`` carries them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Chore(Enum):
    """Something to do later, unless it is postponed or cancelled."""

    LOOK = auto()
    AIM = auto()
    CORRECT = auto()


@dataclass(frozen=True, slots=True)
class Remind:
    """Do a chore in ``seconds``; replaces an earlier reminder of it."""

    chore: Chore
    seconds: float


@dataclass(frozen=True, slots=True)
class Forget:
    """Cancel a chore."""

    chore: Chore


# --- to core


@dataclass(frozen=True, slots=True)
class ShowPlaying:
    """Make core show "playing"."""


@dataclass(frozen=True, slots=True)
class Play:
    """Make core play the current entry."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Make core pause."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Make core stop."""


@dataclass(frozen=True, slots=True)
class Seek:
    """Make core seek."""

    position_ms: int


@dataclass(frozen=True, slots=True)
class MoveOn:
    """Make core play the next track, without a listener asking for it."""


# --- to the player, and its streams


@dataclass(frozen=True, slots=True)
class Hold:
    """Pause the player: core pauses its current track, and has none yet."""


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop the player without core's knowledge."""


@dataclass(frozen=True, slots=True)
class ForgetStart:
    """Make core forget the track that it waits for."""


@dataclass(frozen=True, slots=True)
class ResetBuffers:
    """Give the player the buffers for other backends again."""


@dataclass(frozen=True, slots=True)
class Slide:
    """Move a stream's window to the playhead, ``position_ms`` in its file."""

    token: str
    position_ms: int


@dataclass(frozen=True, slots=True)
class Release:
    """End a stream of the player."""

    token: str


@dataclass(frozen=True, slots=True)
class Aim:
    """Fetch ahead: URIs and lengths in ms, the next track first.

    The first ``known`` of them get a bucket; of the others the heads are fetched.
    """

    tracks: tuple[tuple[str, int | None], ...]
    known: int


# --- to the tracklist


@dataclass(frozen=True, slots=True)
class Find:
    """Search for the torrent of a stand-in."""

    uri: str


@dataclass(frozen=True, slots=True)
class Correct:
    """Correct the entries of these torrents by what is known now."""

    torrents: frozenset[str]


# --- to the log


@dataclass(frozen=True, slots=True)
class Say:
    """Log a sentence for the listener."""

    sentence: str
    warns: bool = True


Order = (
    Remind
    | Forget
    | ShowPlaying
    | Play
    | Pause
    | Stop
    | Seek
    | MoveOn
    | Hold
    | Hush
    | ForgetStart
    | ResetBuffers
    | Slide
    | Release
    | Aim
    | Find
    | Correct
    | Say
)
