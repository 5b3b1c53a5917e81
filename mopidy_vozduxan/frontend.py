"""Follows core: what plays, what comes next, and what core never recovers from.

Turns core's events into wishes for the manager, and moves core on when a
stream fails. Asks core, never the other way round, so waiting for its answers
can not deadlock.

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
from mopidy_vozduxan.planning.queue import upcoming
from mopidy_vozduxan.player import DEFAULT_BUFFERS, Player
from mopidy_vozduxan.web import running

if TYPE_CHECKING:
    from mopidy.models import TlTrack, Track

logger = logging.getLogger(__name__)

#: A start that takes longer is shown to clients as "playing".
SHOW_START_S = 0.3
#: The player's own buffers, which still sound when the position says the end.
TAIL_MS = 300
#: How often the position is asked for while something plays.
POLL_S = 1.0
#: So many queued tracks are looked at for fetching ahead.
MOST_AHEAD = 32


class VozduxanFrontend(pykka.ThreadingActor, CoreListener, StreamListener):
    """One actor; its methods are events, in the order they happened."""

    def __init__(self, config: Any, core: Any) -> None:
        super().__init__()
        self._prefetch_tracks = config["vozduxan"]["prefetch_tracks"]
        self._core = core
        self._token: str | None = None  # of what sounds, or is to
        self._starting: str | None = None  # its URI, until it sounds
        self._skips = 0  # since something sounded
        self._watch = Alarm()
        self._poll = Alarm()

    def on_stop(self) -> None:
        """Let no alarm outlive the actor."""
        self._watch.cancel()
        self._poll.cancel()

    @property
    def _player(self) -> Player:
        player = running.find().player
        if player is None:
            raise ShuttingDown("The backend is not running.")
        return player

    # --- what plays

    def start_requested(self, token: str, uri: str) -> None:
        """Core has told the player to start ``uri``."""
        self._token, self._starting = token, uri
        self._watch.set(SHOW_START_S, self.actor_ref.proxy().show_start, token)

    def show_start(self, token: str) -> None:
        """Show a start that takes its time."""
        stopped = self._core.playback.get_state().get() == "stopped"
        if self._starting and token == self._token and stopped:
            self._core.playback.set_state("playing").get()

    def track_playback_started(self, tl_track: TlTrack) -> None:
        """A track sounds."""
        self._starting, self._skips = None, 0
        if _is_ours(tl_track.track):
            self._token = self._player.latest_token
        else:
            self._let_go()
            self._player.set_buffers(*DEFAULT_BUFFERS)
        self.tracklist_changed()
        self.follow_position()

    def track_playback_resumed(self, tl_track: TlTrack, time_position: int) -> None:
        """Playback goes on after a pause."""
        self.follow_position()

    def seeked(self, time_position: int) -> None:
        """The position jumped."""
        if self._token:
            self._player.moved(self._token, time_position)

    def playback_state_changed(self, old_state: str, new_state: str) -> None:
        """Playback was stopped, perhaps while a start was pending."""
        if new_state != "stopped":
            return
        self._poll.cancel()
        if self._starting and self._token == self._player.latest_token:
            self._starting = None
            self._player.silence()
        self._let_go()

    def follow_position(self) -> None:
        """Tell the manager what sounds, about once a second while it does."""
        if self._token is None or self._core.playback.get_state().get() != "playing":
            return
        position_ms = self._player.position_ms()
        if position_ms:  # it is 0 for a moment after every change
            self._player.moved(self._token, position_ms)
        self._poll.set(POLL_S, self.actor_ref.proxy().follow_position)

    def _let_go(self) -> None:
        if self._token:
            self._player.release(self._token)
            self._token = None

    # --- what comes next

    def tracklist_changed(self) -> None:
        """Aim the buckets at what comes next now."""
        if not self._prefetch_tracks or self._token is None:
            return
        random = self._core.tracklist.get_random().get()
        known = 1 if random else self._prefetch_tracks
        ours = [track for track in self._upcoming(random) if _is_ours(track)]
        self._player.aim([(t.uri, t.length) for t in ours], known)

    def options_changed(self) -> None:
        """Random, repeat, single or consume: something else comes next."""
        self.tracklist_changed()

    def _upcoming(self, random: bool) -> list[Track]:
        tracklist = self._core.tracklist
        tracks = {t.tlid: t.track for t in tracklist.get_tl_tracks().get()}
        tlids = upcoming(
            list(tracks),
            tracklist.get_eot_tlid().get(),
            self._core.playback.get_current_tlid().get(),
            repeat=tracklist.get_repeat().get(),
            single=tracklist.get_single().get(),
            random=random,
            most=MOST_AHEAD,
        )
        return [tracks[tlid] for tlid in tlids]

    # --- what fails

    def stream_failed(self, token: str, uri: str, reason: str) -> None:
        """The swarm of the track that plays, or is to play, is dead."""
        if token != self._player.latest_token:
            return
        remaining_ms = self._remaining_ms(uri)
        if remaining_ms > 0:  # of the track before, which is not to be cut
            again = self.actor_ref.proxy().stream_failed
            self._watch.set(remaining_ms / 1000, again, token, uri, reason)
            return
        logger.warning("Vozduxan: %s Moving on to the next track.", reason)
        self._move_on()

    def stream_released(self, token: str) -> None:
        """Somebody ended the stream that plays."""
        if token == self._player.latest_token:
            logger.info("Vozduxan: The stream was released; playback stops.")
            self._core.playback.stop().get()

    def _move_on(self) -> None:
        """Play the next track that can be, or stop: never a second round."""
        playback = self._core.playback
        self._skips += 1
        tracks = self._core.tracklist.get_tl_tracks().get()
        if self._skips < max(2, len(tracks)):
            before = self._player.latest_token
            playback.set_state("playing").get()  # next() keeps the state
            playback.next().get()
            others = any(not _is_ours(t.track) for t in tracks)
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


class Alarm:
    """One call in the future; setting it again replaces it."""

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def set(self, seconds: float, call: Any, *args: object) -> None:
        """Have ``call(*args)`` made after ``seconds``, on a thread of its own."""
        self.cancel()
        self._timer = threading.Timer(seconds, call, args)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Make no call."""
        if self._timer:
            self._timer.cancel()


def _is_ours(track: Track) -> bool:
    return bool(track.uri.startswith(("vozduxan:", "magnet:")))
