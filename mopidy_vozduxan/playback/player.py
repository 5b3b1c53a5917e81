"""Mopidy's player, for our frontend: ask, silence, release.

Every call is short, and may come from any thread. Only one touches core, because there
is no other way (:func:`forget_pending_start`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence, Set
from typing import TYPE_CHECKING, Any

import pykka
from pykka.messages import ProxyCall, ProxySetAttr

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.listener import StreamListener
from mopidy_vozduxan.playback import handover
from mopidy_vozduxan.playback.walking import Walk

if TYPE_CHECKING:  # the frontend is imported for every command of the command line
    from mopidy_vozduxan.bridge import Bridge
    from mopidy_vozduxan.streaming.manager import Manager
    from mopidy_vozduxan.streaming.target import Target

#: GStreamer's playbin waits for 5 s of audio or, if it knows no bitrate (Ogg, Opus,
#: WAV), for 5 MiB before it sounds: a whole Opus track. The time is right: as soon as
#: it plays, the elements behind the buffer take about 3.3 s at once. With 2 s it
#: stopped and filled again (FLAC in a swarm of 1.5 times its bitrate: 6.5 s to steady
#: sound instead of 5.2 s). So we keep the time, and derive the bytes from it.
BUFFER_S = 5
BUFFER_BYTES = (128 * 1024, 512 * 1024)
DEFAULT_BUFFERS = (5 * 1024 * 1024, 5 * 10**9)

#: Cuts are WAV files, mostly of CD quality; the limit above applies to them too.
CUT_BYTE_RATE = 4 * 44_100

#: The buckets beyond the current one, the next track's first.
AHEAD = ("prefetch", "warm")

ANSWERS_S = 1.0
#: How long a message to our loop may take before core goes on without us.
LOOP_ANSWERS_S = 2.0


class Player:
    """The player, and the stream that it got last."""

    def __init__(
        self,
        audio: Any,
        bridge: Bridge,
        manager: Manager,
        target_of: Callable[[str, int | None], Target],
    ) -> None:
        self._target_of = target_of
        self._audio = audio
        self._bridge = bridge
        self._manager = manager
        #: The stream that core chose last, and the start of the track in it.
        self.latest_token: str | None = None
        #: Core's URI of it; known before the token, and for refused tracks too.
        self.latest_uri: str | None = None
        self.latest_start_ms = 0
        #: How often core has told the player to start, and its latest start.
        self.starts = 0
        self.latest_start: tuple[int, str, str, bool] | None = None
        self.walk = Walk()

    def choose(self, uri: str) -> None:
        """Note core's choice, before it is known whether that can be played."""
        self.latest_uri = uri

    def open(self, target: Target, uri: str, *, asked: bool) -> str:
        """Make a file the current stream; return its token at once.

        ``asked`` says that a listener asks for it. Raises :class:`VozduxanError` if it
        cannot be played.
        """

        async def play() -> str:
            return self._manager.play(target, uri, asked=asked)

        token = self._bridge.ask(play()).result(LOOP_ANSWERS_S)
        self.opened(token, target)
        return token

    def opened(self, token: str, target: Target) -> None:
        """Note what core chose and is about to play."""
        rate = CUT_BYTE_RATE if target.cut else target.byte_rate
        self.set_buffers_for(rate)
        self.latest_token, self.latest_start_ms = token, target.start_ms

    def set_buffers_for(self, byte_rate: float) -> None:
        """Set the pre-buffer for a stream of ``byte_rate`` bytes per second."""
        least, most = BUFFER_BYTES
        size = min(max(int(BUFFER_S * byte_rate), least), most)
        self.set_buffers(size, BUFFER_S * 10**9)

    def set_buffers(self, size: int, duration_ns: int) -> None:
        """Set the pre-buffer: ``size`` in bytes, ``duration_ns`` of audio.

        There is no public way. We do not wait for the answer, so a Mopidy without this
        attribute merely keeps its own sizes.
        """
        for name, value in (("buffer-size", size), ("buffer-duration", duration_ns)):
            call = ProxyCall(
                attr_path=("_playbin", "set_property"), args=(name, value), kwargs={}
            )
            self._audio.actor_ref.ask(call, block=False)

    def position_ms(self) -> int:
        """Return the position that sounds now, without asking core."""
        return int(self._audio.get_position().get(timeout=ANSWERS_S))

    def is_off(self) -> bool:
        """Return whether GStreamer is off, as Mopidy leaves it after an error."""
        return self._states()[0] == "null"

    def is_idle(self) -> bool:
        """Return whether it has something to play, but was not told to start."""
        with contextlib.suppress(pykka.Timeout):
            return self._states() == ("ready", "void-pending")
        return False  # it is changing state

    def _states(self) -> tuple[str, str]:
        """Return GStreamer's state, and its pending state."""
        call = ProxyCall(attr_path=("_playbin", "get_state"), args=(0,), kwargs={})
        _, state, pending = self._audio.actor_ref.ask(call, timeout=ANSWERS_S)
        return state.value_nick, pending.value_nick

    def ask_for_the_next(self, core: Any) -> None:
        """Make the player ask core for the next track without a deadlock."""
        handover.take_over(self._audio, core)

    def start_requested(self, token: str, uri: str, asked: bool) -> None:
        """Note that core tells the player to start, and tell the frontend."""
        self.starts += 1
        self.latest_start = self.starts, token, uri, asked
        StreamListener.send(
            "start_requested", start=self.starts, token=token, uri=uri, asked=asked
        )

    def pause(self) -> None:
        """Pause the player."""
        self._audio.pause_playback()

    def silence(self) -> None:
        """Stop the player without core, which believes that it has stopped already.

        After that its stream can be released: a 404 causes no error then.
        """
        forget_pending_start()
        with contextlib.suppress(pykka.Timeout):
            self._audio.stop_playback().get(timeout=ANSWERS_S)

    def expect_seek(self, position_ms: int) -> None:
        """Move the window of the latest stream before the player seeks."""
        if self.latest_token:
            position_ms += self.latest_start_ms
            self._bridge.tell(self._manager.forecast, self.latest_token, position_ms)

    def moved(self, token: str, position_ms: int) -> None:
        """Move the window of a stream: ``position_ms`` of its file sounds."""
        self._bridge.tell(self._manager.moved, token, position_ms)

    def aim(self, following: Sequence[tuple[str, int | None]], known: int) -> None:
        """Fetch ahead: ``following`` are URIs and lengths in ms, the next first.

        The first ``known`` of them get a bucket; of the others the heads are fetched.
        """
        targets = []
        for uri, length_ms in following:
            with contextlib.suppress(VozduxanError):
                targets.append(self._target_of(uri, length_ms))
        self._bridge.tell(self._manager.aim, targets, AHEAD[:known])

    def has(self, infohashes: Set[str]) -> bool:
        """Return whether the latest stream is of that torrent."""
        asked = self._bridge.ask(self._manager.player_has(infohashes))
        return asked.result(ANSWERS_S)

    def waits(self, token: str) -> bool:
        """Return whether a stream waits for its swarm, as far as is known."""
        try:
            return self._bridge.ask(self._manager.waits(token)).result(ANSWERS_S)
        except TimeoutError:
            return True

    def release(self, token: str) -> None:
        """End a stream of the player."""
        self._bridge.tell(self._manager.release, token)


def forget_pending_start() -> None:
    """Make core forget the track it waits for, before the player is stopped.

    A stopped player reports that its stream has changed to none, and core takes that
    for the start it waits for (Mopidy 3.4 and 4.0). There is no public way.
    """
    message = ProxySetAttr(attr_path=("playback", "_pending_tl_track"), value=None)
    for core in pykka.ActorRegistry.get_by_class_name("Core"):
        core.tell(message)
