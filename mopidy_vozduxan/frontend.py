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
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pykka
from mopidy.core import CoreListener

from mopidy_vozduxan import running
from mopidy_vozduxan.exceptions import ShuttingDown
from mopidy_vozduxan.listener import StreamListener
from mopidy_vozduxan.planning.queue import sure, upcoming
from mopidy_vozduxan.planning.silence import Silence, silence
from mopidy_vozduxan.playback import vacating as removing
from mopidy_vozduxan.playback.alarm import Alarm
from mopidy_vozduxan.playback.player import (
    DEFAULT_BUFFERS,
    Player,
    forget_pending_start,
)
from mopidy_vozduxan.playback.tracklist import Tracklist
from mopidy_vozduxan.torrent.uris import SCHEMES

if TYPE_CHECKING:
    from mopidy.models import TlTrack, Track

logger = logging.getLogger(__name__)

#: So many starts without a sound in a row are not the files' fault.
MOST_SILENT_STARTS = 3
#: How often the position is asked for while something plays.
POLL_S = 1.0
#: The tracklist is looked at once it has been still for so long.
AIM_AFTER_S = 0.2
#: A look-up of another backend may hold core for long.
VACATE_S = 10.0
#: The tracklist is corrected so long after its torrent was found, and, as tags
#: come one by one, no more often than this. Each time all clients read it anew.
FOUND_AFTER_S = 0.1
CORRECT_AFTER_S = 1.0
#: So many queued tracks are looked at for fetching ahead.
MOST_AHEAD = 32


class VozduxanFrontend(pykka.ThreadingActor, CoreListener, StreamListener):
    """One actor; its methods are events, in the order they happened."""

    def __init__(self, config: Any, core: Any) -> None:
        super().__init__()
        self._prefetch_tracks = config["vozduxan"]["prefetch_tracks"]
        self._core = core
        longest = config["core"]["max_tracklist_length"]
        self._tracklist = Tracklist(core, longest)
        self._news: set[str] = set()  # torrents that more is known of
        self._token: str | None = None  # of what sounds, or is to
        self._start_ms = 0  # where in its stream that begins
        self._sounding = False  # something does, of whatever backend
        self._starting: str | None = None  # the URI that is to sound
        self._heard: str | None = None  # the URI that sounded last, until a stop
        self._starts = 0  # as the player counted them
        self._sought = "", 0  # the URI that is to start at a position, in ms
        self._hold = False  # paused before it could sound
        self._state = "stopped"  # as core's events told it
        self._skips = 0  # since something sounded, or was asked for
        self._heard_ms = -1  # the position when a failure was last looked at
        self._patience = config["vozduxan"]["stall_timeout"]
        self._silence_now: Silence | None = None  # without a reason
        self._tells_positions = False  # not every audio output need do so
        self._poll = Alarm()
        self._aim = Alarm()
        self._correction = Alarm()

    def on_start(self) -> None:
        """Catch up: core may have restored what it played before we were there."""
        if running.player() is None:
            return
        self._player.ask_for_the_next(self._core)
        self._state = self._core.playback.get_state().get()
        current = self._core.playback.get_current_tl_track().get()
        if current and self._state != "stopped":
            self.track_playback_started(current)
        elif start := self._player.latest_start:
            self.start_requested(*start)
        self._take_over_tracklist()

    def on_stop(self) -> None:
        """Let no alarm outlive the actor."""
        for alarm in (self._poll, self._aim, self._correction):
            alarm.cancel()

    def on_event(self, event: str, **kwargs: Any) -> None:
        """Take an event, if there is a player to do anything about it."""
        if running.player():
            super().on_event(event, **kwargs)

    @property
    def _player(self) -> Player:
        player = running.player()
        if player is None:
            raise ShuttingDown("The backend is not running.")
        return player

    # --- what plays

    def start_requested(self, start: int, token: str, uri: str, asked: bool) -> None:
        """Core has told the player to start ``uri``."""
        if asked:
            self._skips = 0
        self._starts, self._token, self._starting = start, token, uri
        self._hold = False
        # At once, without asking first: a ``stop`` must not come in between.
        if self._state == "stopped":
            self._core.playback.set_state("playing").get()
            if self._player.is_idle():
                self._start_again(uri)
        self._poll.set(POLL_S, self.actor_ref.proxy().follow_position)

    def _start_again(self, uri: str) -> None:
        """Start what a seek, or a skip, has taken back: it found core "stopped".

        Core keeps where to seek to, but forgets it when the player tells it of a
        position before it tells of the track; so we remember it too.
        """
        self._sought = uri, self._core.playback.get_time_position().get()
        self._core.playback.play().get()

    def track_playback_started(self, tl_track: TlTrack) -> None:
        """A track sounds."""
        (uri, position_ms), self._sought = self._sought, ("", 0)
        if tl_track.track.uri == uri and self._player.position_ms() < position_ms:
            self._core.playback.seek(position_ms).get()
        self._heard = tl_track.track.uri
        self._starting, self._sounding, self._skips = None, True, 0
        if self._hold:
            self._hold = False
            self._core.playback.pause().get()
        if _is_ours(tl_track.track):
            self._token = self._player.latest_token
            self._start_ms = self._player.latest_start_ms
        else:
            self._let_go()
            self._player.set_buffers(*DEFAULT_BUFFERS)
        self.tracklist_changed()
        self.follow_position()

    def track_playback_paused(self, tl_track: TlTrack, time_position: int) -> None:
        """Playback pauses."""
        self.seeked(time_position)

    def track_playback_resumed(self, tl_track: TlTrack, time_position: int) -> None:
        """Playback goes on after a pause."""
        self.follow_position()

    def seeked(self, time_position: int) -> None:
        """The position jumped."""
        if self._token:
            self._player.moved(self._token, self._start_ms + time_position)

    def playback_state_changed(self, old_state: str, new_state: str) -> None:
        """Playback was stopped or paused, perhaps while a start was pending."""
        self._state, self._silence_now = new_state, None
        if new_state == "paused" and self._starting:
            # Core pauses what is current, and that is nothing yet.
            self._hold = True
            self._player.pause()
        if new_state != "stopped":
            return
        self._poll.cancel()
        self._sounding, self._heard, self._sought = False, None, ("", 0)
        if self._starts != self._player.starts:
            return  # a newer start is on its way, and owns the player
        self._silence()
        self._let_go()
        self._player.aim([], 0)
        self._correct_in(FOUND_AFTER_S)

    def follow_position(self) -> None:
        """Tell the manager what sounds, about once a second while it does."""
        if self._token is None or self._core.playback.get_state().get() != "playing":
            return
        self._poll.set(POLL_S, self.actor_ref.proxy().follow_position)
        if self._has_broken():
            self._give_up_what_broke(self._token)
            return
        position_ms = self._player.position_ms()
        if self._is_stuck(position_ms):
            self._give_up_without_sound(self._player.latest_token or self._token)
            return
        if position_ms:  # it is 0 for a moment after every change
            self._player.moved(self._token, self._start_ms + position_ms)

    def _silence(self) -> None:
        """Stop the player, should it wait for a start; core knows nothing of it."""
        if self._starting:
            self._starting = None
            self._player.silence()

    def _call_off_what_was_taken_out(self) -> None:
        """Stop a start that waits, once its entry is gone.

        Core knows of what sounds only, and would start it all the same. What is
        started again is another matter: with consume, core itself takes it out.
        """
        again = self._starting == self._heard
        if not self._starting or again or self._starts != self._player.starts:
            return
        tl_tracks = self._core.tracklist.get_tl_tracks().get()
        if all(t.track.uri != self._starting for t in tl_tracks):
            self._core.playback.stop().get()

    def _let_go(self) -> None:
        """Release what we had the player play, and what it was to play next."""
        for token in {self._token, self._player.latest_token}:
            if token:
                self._player.release(token)
        self._token = None

    # --- what comes next

    def tracklist_changed(self) -> None:
        """Something else may come next; changes come by the dozen."""
        self._call_off_what_was_taken_out()
        if not self._news:
            self._correct_in(AIM_AFTER_S)
        if self._prefetch_tracks and self._sounding:
            self._aim.set(AIM_AFTER_S, self.actor_ref.proxy().aim)

    def aim(self) -> None:
        """Aim the buckets at what comes next now."""
        if not self._sounding:
            return
        tracklist = self._core.tracklist
        modes = {
            "repeat": tracklist.get_repeat().get(),
            "single": tracklist.get_single().get(),
            "random": tracklist.get_random().get(),
        }
        known = sure(self._prefetch_tracks, **modes)
        ours = [track for track in self._upcoming(modes) if _is_ours(track)]
        self._player.aim([(t.uri, t.length) for t in ours], known)

    def options_changed(self) -> None:
        """Random, repeat, single or consume: something else comes next."""
        self.tracklist_changed()

    def _upcoming(self, modes: Mapping[str, bool]) -> list[Track]:
        tracklist = self._core.tracklist
        tracks = {t.tlid: t.track for t in tracklist.get_tl_tracks().get()}
        tlids = upcoming(
            list(tracks),
            tracklist.get_next_tlid().get(),
            self._core.playback.get_current_tlid().get(),
            **modes,
            most=MOST_AHEAD,
        )
        return [tracks[tlid] for tlid in tlids]

    # --- what becomes known

    def source_resolved(self, uri: str, infohash: str) -> None:
        """The torrent that an entry stands for was found."""
        self._news.add(infohash)
        self._correct_in(FOUND_AFTER_S)

    def tracks_known(self, infohash: str) -> None:
        """Tags and lengths of a torrent were read."""
        if not self._news:
            self._correct_in(CORRECT_AFTER_S)
        self._news.add(infohash)

    def correct_tracklist(self) -> None:
        """Put what is known by now in the place of what was not."""
        library = running.provider()
        news, self._news = self._news, set()
        if library:
            self._tracklist.correct(news, library.known, self._held)

    def _take_over_tracklist(self) -> None:
        """Look after entries from before: core may have restored them."""
        library = running.provider()
        if library:
            for uri in self._tracklist.stand_ins():
                library.begin(uri)
            self._news |= self._tracklist.torrents()
            self._correct_in(FOUND_AFTER_S)

    def _correct_in(self, seconds: float) -> None:
        self._correction.set(seconds, self.actor_ref.proxy().correct_tracklist)

    def _held(self, tl_tracks: Sequence[TlTrack]) -> set[int]:
        """Return the entries that are selected, or that the player has."""
        current = self._core.playback.get_current_tlid().get()
        starting = self._starting or self._starts != self._player.starts
        idle = self._core.playback.get_state().get() == "stopped" and not starting
        uri = None if idle else self._player.latest_uri
        return {t.tlid for t in tl_tracks if t.tlid == current or t.track.uri == uri}

    # --- what fails

    def stream_failed(self, token: str, uri: str, reason: str) -> None:
        """The swarm of the track that plays, or is to play, is dead.

        Said about once a second, for as long as it is.
        """
        if token != self._player.latest_token or not self._is_silent():
            return
        self._give_up(token, reason)

    def _has_broken(self) -> bool:
        """Return whether the player ended on an error that core knows nothing of.

        It is off for a moment in a ``stop``, and before a start; core answers
        after that.
        """
        off, playback = self._player.is_off, self._core.playback
        return off() and playback.get_state().get() == "playing" and off()

    def _is_stuck(self, position_ms: int) -> bool:
        """Return whether the player has all it asked for, and is silent for too long.

        What broke it cannot be told: it waits for something that never comes.
        """
        self._tells_positions = self._tells_positions or position_ms > 0
        if not self._starting and not self._tells_positions:
            return False
        token, now = self._player.latest_token, time.monotonic()
        waits = token is not None and self._player.waits(token)
        place = (token, self._player.starts, position_ms)
        self._silence_now = silence(self._silence_now, place, waits=waits, now=now)
        found = self._silence_now
        return found is not None and found.seconds(now) >= self._patience

    def _give_up_what_broke(self, token: str) -> None:
        """Move on from what sounded when the player broke, or from what should have.

        Core may have chosen the next track before, and would pass that over.
        """
        if self._starting or self._heard in (None, self._player.latest_uri):
            self._give_up_without_sound(self._player.latest_token or token)
            return
        forget_pending_start()
        self._skips -= 1  # the next one has yet to show that it is silent
        self._give_up(token, f"The player broke off in “{self._name_of(self._heard)}”.")

    def _give_up_without_sound(self, token: str) -> None:
        if self._skips >= MOST_SILENT_STARTS:
            logger.warning("Vozduxan: The player gives no sound; playback stops.")
            self._core.playback.stop().get()
            return
        name = self._name_of(self._player.latest_uri)
        self._give_up(token, f"The player found no sound in “{name}”.")

    def _name_of(self, uri: str | None) -> str | None:
        tl_tracks = self._core.tracklist.get_tl_tracks().get()
        return next((t.track.name for t in tl_tracks if t.track.uri == uri), uri)

    def _give_up(self, token: str, reason: str) -> None:
        logger.warning("Vozduxan: %s Moving on to the next track.", reason)
        starts = self._player.starts
        self._move_on()
        if self._player.starts == starts:
            self._silence()  # what waits would take the release for an error
            self._player.release(token)
        elif token != self._player.latest_token:
            # Else another part of the same file has started, and its stream.
            self._player.release(token)

    def stream_released(self, token: str) -> None:
        """Somebody ended the stream that plays."""
        if token == self._player.latest_token:
            logger.info("Vozduxan: The stream was released; playback stops.")
            self._core.playback.stop().get()

    def vacate(self, infohashes: frozenset[str]) -> None:
        """Let go of a torrent that is being removed; return when that is done."""
        removing.vacate(self._core, self._player, self._starting, infohashes)

    def _move_on(self) -> None:
        """Play the next track that can be, or stop: never a second round."""
        playback = self._core.playback
        self._skips += 1
        tracks = self._core.tracklist.get_tl_tracks().get()
        if self._skips < max(2, len(tracks)):
            starts = self._player.starts
            playback.set_state("playing").get()  # next() keeps the state
            with self._player.walk.moving_on():
                playback.next().get()
            others = any(not _is_ours(t.track) for t in tracks)
            if others or self._player.starts != starts:
                return
        logger.warning("Vozduxan: Nothing in the tracklist can be played now.")
        playback.stop().get()

    def _is_silent(self) -> bool:
        """Return whether nothing has sounded since the last look, nor is paused.

        What the player holds, also of a track before the failed one, is heard
        to its end. Lengths may be estimates, so only the position tells.
        """
        before, self._heard_ms = self._heard_ms, self._player.position_ms()
        playing = self._core.playback.get_state().get() == "playing"
        return playing and self._heard_ms == before


def vacate(infohashes: frozenset[str]) -> None:
    """Have core let go of a torrent; blocks until it has, at most ``VACATE_S``."""
    for frontend in pykka.ActorRegistry.get_by_class(VozduxanFrontend):
        try:
            frontend.proxy().vacate(infohashes).get(timeout=VACATE_S)
        except (pykka.Timeout, pykka.ActorDeadError) as exc:
            logger.warning("Vozduxan: Mopidy is busy; a track may end early")
            logger.debug("%r", exc)


def _is_ours(track: Track) -> bool:
    return track.uri.partition(":")[0] in SCHEMES
