"""What our parts tell the frontend, as Mopidy events: sent, never waited for."""

from __future__ import annotations

from mopidy import listener
from mopidy.audio import AudioListener


def end_seek(position_ms: int) -> None:
    """Tell core that the seek it has begun is over, from any thread.

    It hears so of seeks that succeed. Of any other it would show the target as its
    position for ever, and start the next track there.
    """
    AudioListener.send("position_changed", position=position_ms)


class StreamListener(listener.Listener):
    """Mixed in by the actor that wants to hear of the player's streams."""

    @staticmethod
    def send(event: str, **kwargs: object) -> None:
        """Send an event to every listener, from any thread."""
        listener.send(StreamListener, event, **kwargs)

    def start_requested(self, start: int, token: str, uri: str, asked: bool) -> None:
        """Core has told the player to start the track ``uri``, for the n-th time.

        Somebody ``asked`` for it, or core has come to it by itself.
        """

    def stream_failed(self, token: str, uri: str, reason: str) -> None:
        """The player's stream can not go on; ``reason`` is a sentence."""

    def stream_released(self, token: str) -> None:
        """A command ended the player's stream."""

    def tracks_known(self, infohash: str) -> None:
        """More is known of a torrent's tracks: metadata came, or tags and lengths."""

    def source_resolved(self, uri: str, infohash: str) -> None:
        """The torrent that ``uri`` (magnet, ``vozduxan:add:``) names is known."""
