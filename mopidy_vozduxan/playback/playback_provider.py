"""Plays tracks for core. Thin, and never waits for a swarm.

Core is blocked while anything here runs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mopidy import backend

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.listener import end_seek
from mopidy_vozduxan.playback.player import Player, forget_pending_start
from mopidy_vozduxan.streaming.target import Cut, Target

if TYPE_CHECKING:
    from mopidy.models import Track

logger = logging.getLogger(__name__)

#: How long core may be held up for a torrent of which only a URL is known. For a magnet
#: link, the stream's reader waits instead.
PATIENCE_S = 2.0


class VozduxanPlaybackProvider(backend.PlaybackProvider):
    """Gives the player the URLs of our streams, and tells the manager what it wants.

    ``target_of`` takes a URI, a length in ms, and the most seconds to wait.
    """

    def __init__(
        self,
        audio: Any,
        backend: object,
        player: Player,
        target_of: Callable[[str, int | None, float], Target],
        url_for: Callable[[str, Cut | None], str],
    ) -> None:
        super().__init__(audio, backend)
        self._player = player
        self._target_of = target_of
        self._url_for = url_for
        self._length_ms: int | None = None
        self._uri = ""
        self._prepared = self._stopped = False
        self._asked = False  # a listener asked for the track that core changes to

    def prepare_change(self) -> None:
        """Note a change of track; core does not call this at the end of a track."""
        self._prepared = True
        super().prepare_change()

    def change_track(self, track: Track) -> bool:
        """Give the player the next track's URL."""
        walk = self._player.walk
        self._asked = self._prepared and not walk.goes_on()
        self._prepared = self._stopped = False
        self._length_ms = track.length
        changed = bool(super().change_track(track))
        if not changed:
            walk.refused()
        return changed

    def translate_uri(self, uri: str) -> str | None:
        """Return the stream's URL at once; ``None`` if it cannot be played."""
        self._player.choose(uri)
        try:
            target = self._target_of(uri, self._length_ms, PATIENCE_S)
            token = self._player.open(target, uri, asked=self._asked)
        except VozduxanError as exc:
            logger.warning("Vozduxan: %s", exc)
            return None
        except Exception:
            logger.exception("Vozduxan: Cannot open %s", uri)
            return None
        self._uri = uri
        return self._url_for(token, target.cut)

    def play(self) -> bool:
        """Start the player; the frontend watches the start."""
        player = self._player
        if player.latest_token:
            player.start_requested(player.latest_token, self._uri, self._asked)
        return bool(super().play())

    def pause(self) -> bool:
        """Pause the player, unless it was stopped: its stream has ended then.

        Core also asks while it is stopped. If we accepted, it would show "paused", and
        after a ``resume`` "playing", in silence.
        """
        return not self._stopped and bool(super().pause())

    def stop(self) -> bool:
        """Stop the player, and a start that it may be waiting for."""
        self._stopped = True
        forget_pending_start()
        return bool(super().stop())

    def seek(self, time_position: int) -> bool:
        """Seek the player; the window moves there first."""
        self._player.expect_seek(time_position)
        if super().seek(time_position):
            return True
        end_seek(self.audio.get_position().get())
        return False

    def on_source_setup(self, source: Any) -> None:
        """Make the player's HTTP source patient. Runs in GStreamer's threads."""
        if source.get_factory().get_name() != "souphttpsrc":
            return
        set_property = source.set_property
        set_property("timeout", 0)  # 15 s would end the stream of a slow swarm
        set_property("iradio-mode", False)
        # Our door is on loopback, which a proxy cannot reach. By now the source has
        # taken a proxy from the environment; Mopidy sets the configured one after this
        # call.
        set_property("proxy", "")
        source.connect("notify::proxy", _without_proxy)


def _without_proxy(source: Any, _property: Any) -> None:
    if source.get_property("proxy"):
        source.set_property("proxy", "")
