"""How the player asks core for the next track, without a deadlock.

GStreamer asks in the thread that carries the music ("about-to-finish"), and Mopidy
makes that thread wait for core. A ``next``, ``stop`` or ``seek`` that core runs at that
moment waits for the player, and the player for the same thread: Mopidy 3.4.2 and 4.0.5
then freeze for good. So here the wait also ends when the player discards what the
thread carries, and core never gets the question.

A short file may end for the player before core knows that it has started. Core then
still takes the track before it for the current one, and would answer with the same file
again. So the question waits for that.

Design notes: why this is safe, and what was rejected, is in ``docs/decisions.rst``.
"""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Any

import gi
import pykka
from pykka.messages import ProxyCall, ProxyGetAttr

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

logger = logging.getLogger(__name__)

#: How often to check whether the answer is still needed: nothing wakes a thread when a
#: pad flushes. Core answers within milliseconds, unless a look-up keeps it busy.
LOOK_S = 0.05
#: How long to wait for core to learn of a start. It takes milliseconds.
START_S = 2.0

_ASKED = ("playback", "_on_about_to_finish")
_STARTING = ("playback", "_pending_tl_track")
_CURRENT = ("playback", "_current_tl_track")
_HARMLESS = ("playback", "get_state")


class Question(ProxyCall):
    """Makes core give the player the next track, unless it is withdrawn before."""

    withdrawn = False

    @property
    def attr_path(self) -> tuple[str, ...]:
        """Return the path that core calls; pykka resolves it in core's own thread."""
        return _HARMLESS if self.withdrawn else _ASKED


class _Discarded(Exception):
    """The player stops or jumps, so it needs no answer."""


class Handover:
    """The player's callback for "about to finish"; runs in GStreamer's threads.

    ``sink`` is the pad through which all sound leaves the player.
    """

    def __init__(self, core: pykka.ActorRef[Any], sink: Any) -> None:
        self._core = core
        self._sink = sink

    def __call__(self) -> None:
        """Return when core has chosen, or when no choice is needed any more."""
        question = Question((), (), {})
        try:
            self._wait_for_start()
            if self._answer(ProxyGetAttr(_CURRENT)) is not None:
                self._answer(question)
            # Else the tracklist was cleared, and Mopidy 3.4 would fail.
        except _Discarded:
            question.withdrawn = True
            logger.debug("About to finish: the player was stopped, or has jumped")
        except pykka.ActorDeadError:
            pass  # Mopidy stops

    def _wait_for_start(self) -> None:
        deadline = time.monotonic() + START_S
        while self._answer(ProxyGetAttr(_STARTING)) is not None:
            if time.monotonic() > deadline:
                return
            time.sleep(LOOK_S / 10)

    def _answer(self, message: Any) -> Any:
        """Return core's answer. Raises :class:`_Discarded` if it is not needed."""
        answer = self._core.ask(message, block=False)
        while not self._is_discarding():
            with contextlib.suppress(pykka.Timeout):
                return answer.get(timeout=LOOK_S)
        raise _Discarded

    def _is_discarding(self) -> bool:
        """Return whether the player stops or jumps."""
        return bool(self._sink.flags & Gst.PadFlags.FLUSHING)


def take_over(audio: Any, core: Any) -> None:
    """Replace core's callback by ours.

    A Mopidy without the needed private names keeps its own.
    """
    try:
        for name in (_ASKED, _STARTING, _CURRENT):
            core.actor_ref.ask(ProxyGetAttr(name))
        playbin = audio.actor_ref.ask(ProxyGetAttr(("_playbin",)))
    except AttributeError as exc:
        logger.debug("About to finish is left to Mopidy: %s", exc)
        return
    sink = playbin.get_property("audio-sink").get_static_pad("sink")
    audio.set_about_to_finish_callback(Handover(core.actor_ref, sink))
