"""The backend's actor: starts and stops the parts. Decides nothing.

Mopidy reads the providers from the actor before it starts. So all parts are built, and
their modules loaded, when the actor is made. Registering the class loads none of them.
"""

from __future__ import annotations

import contextlib
import gc
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pykka
from mopidy import backend

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.torrent.uris import SCHEMES

if TYPE_CHECKING:
    from mopidy_vozduxan.backend_parts import Parts

logger = logging.getLogger(__name__)


class VozduxanBackend(pykka.ThreadingActor, backend.Backend):
    """Plays ``vozduxan:`` and ``magnet:`` URIs.

    If it cannot start, the log says why, and core finds no provider here.
    """

    uri_schemes = SCHEMES
    library: Any
    playback: Any
    playlists: Any

    def __init__(self, config: Any, audio: Any) -> None:
        super().__init__()
        self.audio = audio
        self._parts: Parts | None = None
        self._try(lambda: self._build(config))

    def on_start(self) -> None:
        """Start all parts. Mopidy waits for this, so it must be quick."""
        if self._parts and not self._try(self._parts.start):
            self._stop_parts()

    def on_stop(self) -> None:
        """Stop all parts."""
        if self._parts:
            self._stop_parts()

    def _build(self, config: Any) -> None:
        with _collecting_no_garbage():
            from mopidy_vozduxan.backend_parts import Host, Parts

        parts = Parts(config, Host(self, self.audio, self._more_asked))
        self.library = parts.library
        self.playback = parts.playback
        self.playlists = parts.playlists
        self._parts = parts

    def _stop_parts(self) -> None:
        """Stop what has started; core's calls go unanswered from now on."""
        assert self._parts
        self.library = self.playback = self.playlists = None
        self._parts.stop()
        self._parts = None

    def _try(self, step: Callable[[], None]) -> bool:
        """Take a step of the start; return whether it succeeded."""
        try:
            step()
        except (VozduxanError, OSError) as exc:  # there is no disk space, or no port
            logger.error("Vozduxan: Cannot start: %s", exc)
        except Exception:
            logger.exception("Vozduxan: Cannot start")
        else:
            return True
        return False

    def _more_asked(self) -> bool:
        """Return whether core has asked for more than the current call."""
        return not self.actor_inbox.empty()


@contextlib.contextmanager
def _collecting_no_garbage() -> Iterator[None]:
    """Spare the start the collector's walks through all of Mopidy while modules load.

    What loading leaves is no garbage, and looking for some takes a fifth of the time.
    All that is there counts as old afterwards, and is looked at when the old is.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        if not gc.get_freeze_count():  # leave alone what others have frozen
            gc.freeze()
            gc.unfreeze()  # into the oldest generation
    finally:
        if was_enabled:
            gc.enable()
