"""What is to be done: orders to core, to the player, to the tracklist, to the log.

Values; nothing here does anything. ``playback/carrying_out.py`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Chore(Enum):
    """What is done a while later, unless it is put off or called off."""

    LOOK = auto()
    AIM = auto()
    CORRECT = auto()


@dataclass(frozen=True, slots=True)
class Remind:
    """Do a chore in ``seconds``; this replaces an earlier reminder of it."""

    chore: Chore
    seconds: float


@dataclass(frozen=True, slots=True)
class Forget:
    """Do not do a chore."""

    chore: Chore


# --- to core


@dataclass(frozen=True, slots=True)
class ShowPlaying:
    """Have core show "playing"."""


@dataclass(frozen=True, slots=True)
class Play:
    """Have core play what is current."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Have core pause."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Have core stop."""


@dataclass(frozen=True, slots=True)
class Seek:
    """Have core seek."""

    position_ms: int


@dataclass(frozen=True, slots=True)
class MoveOn:
    """Have core play the next track, by itself: nobody asks for it."""


# --- to the player, and its streams


@dataclass(frozen=True, slots=True)
class Hold:
    """Pause the player: core pauses what is current, and that is nothing yet."""


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop the player behind core's back."""


@dataclass(frozen=True, slots=True)
class ForgetStart:
    """Have core forget the track that it waits for."""


@dataclass(frozen=True, slots=True)
class ResetBuffers:
    """Give the player back the buffers that it has for other backends."""


@dataclass(frozen=True, slots=True)
class Slide:
    """Slide a stream's window to where it sounds, ``position_ms`` in its file."""

    token: str
    position_ms: int


@dataclass(frozen=True, slots=True)
class Release:
    """End a stream that the player was given."""

    token: str


@dataclass(frozen=True, slots=True)
class Aim:
    """Fetch ahead: URIs and lengths in ms, the next track first.

    The first ``known`` of them get a bucket, of the others the heads come.
    """

    tracks: tuple[tuple[str, int | None], ...]
    known: int


# --- to the tracklist


@dataclass(frozen=True, slots=True)
class Find:
    """Have the torrent found that an entry stands for."""

    uri: str


@dataclass(frozen=True, slots=True)
class Correct:
    """Put what is known of these torrents in the place of what was not."""

    torrents: frozenset[str]


# --- to the log


@dataclass(frozen=True, slots=True)
class Say:
    """Tell the listener a sentence."""

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
