"""The running backend: Mopidy gives HTTP handlers and frontends no other way to it.

The backend announces itself when it has started, and withdraws when it stops. Users
look it up each time. Never starts anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mopidy_vozduxan.exceptions import ShuttingDown

if TYPE_CHECKING:  # the frontend imports this module, also for other Mopidy commands
    from mopidy_vozduxan.bridge import Bridge
    from mopidy_vozduxan.commands.keeping_commands import KeepingCommands
    from mopidy_vozduxan.commands.library_commands import LibraryCommands
    from mopidy_vozduxan.commands.streaming_commands import Commands
    from mopidy_vozduxan.covers.picture_fetching import PictureFetcher
    from mopidy_vozduxan.library.library_provider import VozduxanLibraryProvider
    from mopidy_vozduxan.playback.player import Player
    from mopidy_vozduxan.streaming.progress import Board
    from mopidy_vozduxan.streaming.serving_protocol import Streams


@dataclass(frozen=True, slots=True)
class StreamsHere:
    """What serving streams needs: their loop, and the streams."""

    bridge: Bridge
    serving: Streams


@dataclass(frozen=True, slots=True)
class Running(StreamsHere):
    """A running backend, for the web and the frontend."""

    #: The eight commands for a client; the given function makes its URLs.
    streaming_commands: Callable[[Callable[[str], str]], Commands]
    library_commands: LibraryCommands
    keeping_commands: KeepingCommands
    #: The progress of preparing the current stream.
    progress: Board
    pictures: PictureFetcher
    #: The library provider and the player, for the frontend.
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
