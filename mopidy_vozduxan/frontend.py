"""The watchdog over playback: what core itself never recovers from.

Follows core's events, and moves core on when a stream fails. Asks core, never
the other way round, so waiting for its answers can not deadlock.

Design notes: a start that waits for its swarm leaves core "stopped" until the
first sound, and ``stop`` does nothing when stopped; the music would start
later all the same. So such a start is shown as "playing", which is also what
the listener asked for; a ``stop`` then is an event, and ends the start.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pykka
from mopidy.core import CoreListener

from mopidy_vozduxan.exceptions import ShuttingDown
from mopidy_vozduxan.listener import StreamListener
from mopidy_vozduxan.player import DEFAULT_BUFFERS, Player
from mopidy_vozduxan.web import running

if TYPE_CHECKING:
    from mopidy.models import TlTrack

logger = logging.getLogger(__name__)

#: A start that takes longer is shown to clients as "playing".
SHOW_START_S = 0.3
#: The player's own buffers, which still sound when the position says the end.
TAIL_MS = 300


class VozduxanFrontend(pykka.ThreadingActor, CoreListener, StreamListener):
    """One actor; every method below is an event, in the order they happened."""

    def __init__(self, config: Any, core: Any) -> None:
        super().__init__()
        self._core = core
        self._token: str | None = None  # what core was told to start last
        self._starting: str | None = None  # its URI, until it sounds
        self._skips = 0  # since something sounded
        self._timer: threading.Timer | None = None

    def on_stop(self) -> None:
        """Let no timer outlive the actor."""
        if self._timer:
            self._timer.cancel()

    @property
    def _player(self) -> Player:
        player = running.find().player
        if player is None:
            raise ShuttingDown("The backend is not running.")
        return player

    # --- events

    def start_requested(self, token: str, uri: str) -> None:
        """Core has told the player to start ``uri``."""
        self._token, self._starting = token, uri
        self._later(SHOW_START_S, "show_start", token)

    def track_playback_started(self, tl_track: TlTrack) -> None:
        """A track sounds."""
        self._starting, self._skips = None, 0
        if _is_ours(tl_track.track.uri):
            self._token = self._player.latest_token
        else:
            self._give_up_stream()
            self._player.set_buffers(*DEFAULT_BUFFERS)

    def playback_state_changed(self, old_state: str, new_state: str) -> None:
        """Playback was stopped, perhaps while a start was pending."""
        if new_state != "stopped":
            return
        if self._starting and self._is_latest(self._token):
            self._starting = None
            self._player.silence()
        self._give_up_stream()

    def stream_failed(self, token: str, uri: str, reason: str) -> None:
        """The swarm of the track that plays, or is to play, is dead."""
        if not self._is_latest(token):
            return
        remaining_ms = self._remaining_ms(uri)
        if remaining_ms > 0:  # of the track before, which is not to be cut
            self._later(remaining_ms / 1000, "stream_failed", token, uri, reason)
            return
        logger.warning("Vozduxan: %s Moving on to the next track.", reason)
        self._move_on()

    def show_start(self, token: str) -> None:
        """Show a start that takes its time."""
        stopped = self._core.playback.get_state().get() == "stopped"
        if self._starting and token == self._token and stopped:
            self._core.playback.set_state("playing").get()

    # --- acting on core

    def _move_on(self) -> None:
        """Play the next track that can be, or stop: never a second round."""
        playback, tracklist = self._core.playback, self._core.tracklist
        self._skips += 1
        tracks = tracklist.get_tl_tracks().get()
        if self._skips < max(2, len(tracks)):
            before = self._player.latest_token
            playback.set_state("playing").get()  # next() keeps the state
            playback.next().get()
            others = any(not _is_ours(t.track.uri) for t in tracks)
            if others or self._player.latest_token != before:
                return
        logger.warning("Vozduxan: Nothing in the tracklist can be played now.")
        playback.stop().get()

    def _remaining_ms(self, failed_uri: str) -> int:
        """Return how long a track before the failed one still sounds.

        None does when core was told to *start* the failed one.
        """
        playback = self._core.playback
        current = playback.get_current_track().get()
        if self._starting == failed_uri or current is None or not current.length:
            return 0
        if current.uri == failed_uri or playback.get_state().get() != "playing":
            return 0
        position = int(playback.get_time_position().get())
        return max(0, int(current.length) - position - TAIL_MS)

    def _is_latest(self, token: str | None) -> bool:
        return token is not None and self._player.latest_token == token

    def _give_up_stream(self) -> None:
        if self._token:
            self._player.release(self._token)
            self._token = None

    def _later(self, seconds: float, event: str, *args: object) -> None:
        if self._timer:
            self._timer.cancel()
        proxy = self.actor_ref.proxy()
        self._timer = threading.Timer(seconds, lambda: getattr(proxy, event)(*args))
        self._timer.daemon = True
        self._timer.start()


def _is_ours(uri: str) -> bool:
    return uri.startswith(("vozduxan:", "magnet:"))
