"""How the player asks core for the next track, without a deadlock.

GStreamer asks in the thread that carries the music ("about-to-finish"), and Mopidy
makes that thread wait for core. A ``next``, ``stop`` or ``seek`` that core runs at that
moment waits for the player, and the player for the same thread: Mopidy 3.4.2 and 4.0.5
then freeze for good. So here the wait also ends when the player discards what the
thread carries, and core never gets the question.

Design notes: why this is safe, and what was rejected, is in ``docs/decisions.rst``.
"""

from __future__ import annotations

import logging
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

_ASKED = ("playback", "_on_about_to_finish")
_HARMLESS = ("playback", "get_state")


class Question(ProxyCall):
    """Makes core give the player the next track, unless it is withdrawn before."""

    withdrawn = False

    @property
    def attr_path(self) -> tuple[str, ...]:
        """Return the path that core calls; pykka resolves it in core's own thread."""
        return _HARMLESS if self.withdrawn else _ASKED


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
        answer = self._core.ask(question, block=False)
        while not self._is_discarding():
            try:
                answer.get(timeout=LOOK_S)
                return
            except pykka.Timeout:
                continue
            except pykka.ActorDeadError:
                return  # Mopidy stops
        question.withdrawn = True
        logger.debug("About to finish: the player was stopped, or has jumped")

    def _is_discarding(self) -> bool:
        """Return whether the player stops or jumps."""
        return bool(self._sink.flags & Gst.PadFlags.FLUSHING)


def take_over(audio: Any, core: Any) -> None:
    """Replace core's callback by ours.

    A Mopidy without the needed private names keeps its own.
    """
    try:
        core.actor_ref.ask(ProxyGetAttr(_ASKED))
        playbin = audio.actor_ref.ask(ProxyGetAttr(("_playbin",)))
    except AttributeError as exc:
        logger.debug("About to finish is left to Mopidy: %s", exc)
        return
    sink = playbin.get_property("audio-sink").get_static_pad("sink")
    audio.set_about_to_finish_callback(Handover(core.actor_ref, sink))
