"""Follows core: what plays, what comes next, and what core never recovers from.

Reports events to ``planning/following``, and carries out its decisions. It asks core,
never the other way round, so waiting for answers cannot deadlock.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pykka
from mopidy.core import CoreListener

from mopidy_vozduxan import running
from mopidy_vozduxan.listener import StreamListener
from mopidy_vozduxan.planning.following.coming import (
    AimDue,
    CorrectionDue,
    EntriesChanged,
    SourceResolved,
    TracksKnown,
    held,
)
from mopidy_vozduxan.planning.following.failing import LookDue, StreamFailed
from mopidy_vozduxan.planning.following.orders import Chore, Order
from mopidy_vozduxan.planning.following.playing import (
    Joined,
    Moved,
    StartRequested,
    StateChanged,
    StreamReleased,
    TrackStarted,
)
from mopidy_vozduxan.planning.following.questions import Question
from mopidy_vozduxan.planning.following.state import Event, Settings, State
from mopidy_vozduxan.playback import vacating
from mopidy_vozduxan.playback.asking import Asking
from mopidy_vozduxan.playback.carrying_out import CarryingOut
from mopidy_vozduxan.playback.player import Player
from mopidy_vozduxan.playback.tracklist import Known, Tracklist
from mopidy_vozduxan.running import Running

if TYPE_CHECKING:
    from mopidy.models import TlTrack

logger = logging.getLogger(__name__)


class VozduxanFrontend(pykka.ThreadingActor, CoreListener, StreamListener):
    """One actor; its methods are events, in their order."""

    _here: Running | None = None
    _asking: Asking
    _carrying_out: CarryingOut

    def __init__(self, config: Any, core: Any) -> None:
        super().__init__()
        ours = config["vozduxan"]
        settings = Settings(ours["prefetch_tracks"], ours["stall_timeout"])
        self._state = State(settings)
        self._core = core
        self._tracklist = Tracklist(core, config["core"]["max_tracklist_length"])

    def on_start(self) -> None:
        """Catch up: core may have restored its playback before we started."""
        here = running.current()
        if here is None:
            return  # the log says why the backend did not start
        here.player.ask_for_the_next(self._core)
        self._asking = Asking(self._core, here.player)
        self._carrying_out = self._hands(here)
        self._here = here
        self._follow(self._joined(here.player))

    def _hands(self, here: Running) -> CarryingOut:
        me = self.actor_ref.proxy()
        chores = {
            Chore.LOOK: me.follow_position,
            Chore.AIM: me.aim,
            Chore.CORRECT: me.correct_tracklist,
        }
        correct = partial(self._correct, here.library.known)
        find = here.library.begin
        return CarryingOut(self._core, here.player, chores, find, correct)

    def _joined(self, player: Player) -> Joined:
        current = self._core.playback.get_current_tl_track().get()
        return Joined(
            self._asking.state(),
            current.track.uri if current else None,
            StartRequested(*player.latest_start) if player.latest_start else None,
            self._asking.given(),
            tuple(self._tracklist.stand_ins()),
            frozenset(self._tracklist.torrents()),
        )

    def on_stop(self) -> None:
        """Cancel all alarms; core stops next, and must not wait for a look-up."""
        if self._here:
            self._here.library.stop_waiting()
            self._carrying_out.end()

    def on_event(self, event: str, **kwargs: Any) -> None:
        """Handle an event, if our backend runs."""
        if self._here and running.current() is self._here:
            super().on_event(event, **kwargs)

    def _follow(self, event: Event) -> None:
        """Carry out the orders that follow from an event, and answer its questions.

        Others use core at the same time, so it may refuse an order at any moment, for
        example because an entry has just left the queue. The other orders are still
        carried out.
        """
        self._state, tasks = event.follow(self._state)
        for task in tasks:
            try:
                answer = self._do(task)
            except Exception as exc:
                logger.warning("Vozduxan: Mopidy cannot carry out %s: %r", task, exc)
                logger.debug("It failed here:", exc_info=True)
                continue
            if answer:
                self._follow(answer)

    def _do(self, task: Order | Question) -> Event | None:
        if isinstance(task, Question):
            return self._asking.answer(task)
        self._carrying_out.carry_out(task)
        return None

    # --- what core tells

    def track_playback_started(self, tl_track: TlTrack) -> None:
        """A track sounds."""
        self._follow(TrackStarted(tl_track.track.uri, self._asking.given()))

    def track_playback_paused(self, tl_track: TlTrack, time_position: int) -> None:
        """Playback pauses."""
        self._follow(Moved(time_position))

    def track_playback_resumed(self, tl_track: TlTrack, time_position: int) -> None:
        """Playback continues after a pause."""
        self._follow(LookDue())

    def seeked(self, time_position: int) -> None:
        """The position jumped."""
        self._follow(Moved(time_position))

    def playback_state_changed(self, old_state: str, new_state: str) -> None:
        """Playback was stopped or paused, or continues."""
        self._follow(StateChanged(new_state, self._asking.given()))

    def tracklist_changed(self) -> None:
        """Something else may come next."""
        self._follow(EntriesChanged(self._asking.given()))

    def options_changed(self) -> None:
        """Random, repeat, single or consume: something else comes next."""
        self._follow(EntriesChanged(self._asking.given()))

    # --- what the backend tells

    def start_requested(self, start: int, token: str, uri: str, asked: bool) -> None:
        """Core has told the player to start ``uri``."""
        self._follow(StartRequested(start, token, uri, asked))

    def stream_failed(self, token: str, uri: str, reason: str) -> None:
        """The swarm of a stream is dead."""
        self._follow(StreamFailed(token, reason, self._asking.given()))

    def stream_released(self, token: str) -> None:
        """Somebody ended a stream."""
        self._follow(StreamReleased(token, self._asking.given()))

    def source_resolved(self, uri: str, infohash: str) -> None:
        """The torrent of a stand-in was found."""
        self._follow(SourceResolved(infohash))

    def tracks_known(self, infohash: str) -> None:
        """Tags and lengths of a torrent were read."""
        self._follow(TracksKnown(infohash))

    # --- what time tells

    def follow_position(self) -> None:
        """Look at the player, about once a second while it plays."""
        self._follow(LookDue())

    def aim(self) -> None:
        """Aim the buckets at what comes next now."""
        self._follow(AimDue())

    def correct_tracklist(self) -> None:
        """Replace stand-ins and guesses by what is known now."""
        self._follow(CorrectionDue())

    # --- the tracklist

    def _correct(self, known: Known, torrents: frozenset[str]) -> None:
        self._tracklist.correct(torrents, known, self._held)

    def _held(self, tl_tracks: Sequence[TlTrack]) -> set[int]:
        """Return the selected entries, and those that the player has."""
        asking = self._asking
        return held(
            self._state,
            asking.given(),
            [(entry.tlid, entry.track.uri) for entry in tl_tracks],
            asking.current(),
            stopped=asking.state() == "stopped",
        )

    def vacate(self, infohashes: frozenset[str]) -> None:
        """Let go of a torrent that is being removed; return when that is done."""
        if self._here:
            player, starting = self._here.player, self._state.starting
            vacating.vacate(self._core, player, starting, infohashes)
