"""Events from our parts to the frontend, as Mopidy events that nobody waits for.

A removal is the exception: it waits until the frontend has done its part.
"""

from __future__ import annotations

import logging

import pykka
from mopidy import listener
from mopidy.audio import AudioListener
from pykka.messages import ProxyCall

logger = logging.getLogger(__name__)

#: A look-up in another backend may keep core busy for a while.
VACATE_S = 10.0


def vacate(infohashes: frozenset[str]) -> None:
    """Make core let go of a torrent; blocks until then, at most ``VACATE_S``."""
    event = ProxyCall(
        attr_path=("on_event",), args=("vacate",), kwargs={"infohashes": infohashes}
    )
    for frontend in pykka.ActorRegistry.get_by_class(StreamListener):
        try:
            frontend.ask(event, timeout=VACATE_S)
        except (pykka.Timeout, pykka.ActorDeadError) as exc:
            logger.warning("Vozduxan: Mopidy is busy; a track may end early")
            logger.debug("%r", exc)


def end_seek(position_ms: int) -> None:
    """Tell core that its current seek is over, from any thread.

    GStreamer only reports successful seeks. After another one core would show the
    target as its position forever, and start the next track there.
    """
    AudioListener.send("position_changed", position=position_ms)


class StreamListener(listener.Listener):
    """Mixed in by the actor that follows the player's streams."""

    @staticmethod
    def send(event: str, **kwargs: object) -> None:
        """Send an event to every listener, from any thread."""
        listener.send(StreamListener, event, **kwargs)

    def start_requested(self, start: int, token: str, uri: str, asked: bool) -> None:
        """Core has told the player to start the track ``uri``, as its n-th start.

        ``asked`` says that a listener asked for it; else core came to it by itself.
        """

    def stream_failed(self, token: str, uri: str, reason: str) -> None:
        """The player's stream cannot continue; ``reason`` is a sentence."""

    def stream_released(self, token: str) -> None:
        """A command ended the player's stream."""

    def tracks_known(self, infohash: str) -> None:
        """More is known about a torrent's tracks: metadata, tags or lengths came."""

    def source_resolved(self, uri: str, infohash: str) -> None:
        """The torrent that ``uri`` (magnet, ``vozduxan:add:``) names is known."""

    def vacate(self, infohashes: frozenset[str]) -> None:
        """A torrent is being removed, by all its infohashes and URLs: let go of it."""
