"""Where HTTP handlers find the running backend: Mopidy gives them no way.

The backend announces itself when it has started and withdraws when it stops;
handlers look at each request. Never starts anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.commands.library_commands import LibraryCommands
from mopidy_vozduxan.commands.streaming_commands import Commands
from mopidy_vozduxan.covers.picture_fetching import PictureFetcher
from mopidy_vozduxan.exceptions import ShuttingDown
from mopidy_vozduxan.library.library_provider import VozduxanLibraryProvider
from mopidy_vozduxan.playback.player import Player
from mopidy_vozduxan.streaming.progress import Board
from mopidy_vozduxan.streaming.serving_protocol import Streams


@dataclass(frozen=True, slots=True)
class Running:
    """The parts of a running backend that the web needs."""

    bridge: Bridge
    streams: Streams
    player: Player | None = None  # for the frontend
    commands: Callable[[Callable[[str], str]], Commands] | None = None
    library: LibraryCommands | None = None
    progress: Board | None = None
    pictures: PictureFetcher | None = None
    provider: VozduxanLibraryProvider | None = None  # for the frontend


_running: Running | None = None


def announce(running: Running) -> None:
    """Make the backend reachable for handlers."""
    global _running  # one backend in one process is Mopidy's own rule
    _running = running


def withdraw() -> None:
    """Forget the backend; requests are refused from now on."""
    global _running
    _running = None


def player() -> Player | None:
    """Return the player of the running backend, if there is one."""
    return _running.player if _running else None


def provider() -> VozduxanLibraryProvider | None:
    """Return the library of the running backend, if there is one."""
    return _running.provider if _running else None


def find() -> Running:
    """Return the running backend, or raise :exc:`ShuttingDown` (HTTP 503)."""
    if _running is None:
        raise ShuttingDown("Mopidy-Vozduxan is not running.")
    return _running
