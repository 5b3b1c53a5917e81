"""What runs now: Mopidy gives HTTP handlers and frontends no way to our backend.

The backend announces itself when it has started and withdraws when it stops; whoever
needs it looks each time. Never starts anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mopidy_vozduxan.exceptions import ShuttingDown

if TYPE_CHECKING:  # the frontend looks here, and is imported whatever Mopidy does
    from mopidy_vozduxan.bridge import Bridge
    from mopidy_vozduxan.commands.library_commands import LibraryCommands
    from mopidy_vozduxan.commands.streaming_commands import Commands
    from mopidy_vozduxan.covers.picture_fetching import PictureFetcher
    from mopidy_vozduxan.library.library_provider import VozduxanLibraryProvider
    from mopidy_vozduxan.playback.player import Player
    from mopidy_vozduxan.streaming.progress import Board
    from mopidy_vozduxan.streaming.serving_protocol import Streams


@dataclass(frozen=True, slots=True)
class StreamsHere:
    """What it takes to serve streams: the loop they live on, and the streams."""

    bridge: Bridge
    serving: Streams


@dataclass(frozen=True, slots=True)
class Running(StreamsHere):
    """A running backend, as the web and the frontend see it."""

    #: The eight commands for a client whose URLs are made by the given function.
    streaming_commands: Callable[[Callable[[str], str]], Commands]
    library_commands: LibraryCommands
    #: How preparing the current stream gets on.
    progress: Board
    pictures: PictureFetcher
    #: What core asks for tracks, and what plays them; both for the frontend.
    library: VozduxanLibraryProvider
    player: Player


_running: Running | None = None


def announce(running: Running) -> None:
    """Make the backend reachable."""
    global _running  # one backend in one process is Mopidy's own rule
    _running = running


def withdraw() -> None:
    """Forget the backend; requests are refused from now on."""
    global _running
    _running = None


def current() -> Running | None:
    """Return the running backend, if there is one."""
    return _running


def find() -> Running:
    """Return the running backend, or raise :exc:`ShuttingDown` (HTTP 503)."""
    if _running is None:
        raise ShuttingDown("Mopidy-Vozduxan is not running.")
    return _running
