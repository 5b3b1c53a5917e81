"""Stands for our actors while they are not loaded: Mopidy's start waits for nothing.

Loading all there is takes 0.1 s, a fifth of the start of a small Mopidy. So Mopidy
is given these two actors, which load and start the real ones as soon as its main loop
runs, or when core asks for something: it then waits for what it needs anyway. They
decide nothing, and pass on what core asks word for word.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any

import pykka
from gi.repository import GLib
from mopidy import backend
from pykka.messages import ProxyCall

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.library.root import root_ref
from mopidy_vozduxan.torrent.uris import SCHEMES

logger = logging.getLogger(__name__)

#: Mopidy's main loop runs within so long; if not, we load all the same.
IDLE_S = 5.0

Ref = Any  # pykka.ActorRef has a parameter in Pykka 4 alone


class Later:
    """An actor that ``start`` starts once somebody needs it; for any thread."""

    def __init__(self, start: Callable[[], Ref]) -> None:
        self._start = start
        self._lock = threading.Lock()
        self._begun = False
        self._actor: Future[Ref] = Future()

    def load(self) -> Future[Ref]:
        """Begin, unless that was done; returns at once."""
        with self._lock:
            if not self._begun:
                self._begun = True
                threading.Thread(target=self._load, name="VozduxanLoading").start()
        return self._actor

    def load_when_idle(self) -> None:
        """Begin once Mopidy's main loop has nothing else to do."""

        def once() -> bool:
            self.load()
            return False

        GLib.idle_add(once)

    def wait(self) -> None:
        """Wait for the actor; somebody else should have begun."""
        try:
            self._actor.result(IDLE_S)
        except TimeoutError:
            self.load().result()

    def ask(
        self, path: tuple[str, str], otherwise: object, *args: Any, **kw: Any
    ) -> Any:
        """Return what the method at ``path`` says, ``otherwise`` without an actor."""
        try:
            actor = self.load().result()
        except Exception:  # the log has said why
            return otherwise
        return actor.ask(ProxyCall(attr_path=path, args=args, kwargs=kw))

    def stop(self) -> None:
        """Stop the actor, if it was started."""
        with self._lock, contextlib.suppress(Exception):
            if self._begun:
                self._actor.result().stop()
            self._begun = True  # whoever asks from now on is told at once
            self._actor.cancel()

    def _load(self) -> None:
        try:
            self._actor.set_result(self._start())
        except VozduxanError as exc:
            logger.error("Vozduxan: Cannot start: %s", exc)
            self._actor.set_exception(exc)
        except BaseException as exc:
            logger.exception("Vozduxan: Cannot start")
            self._actor.set_exception(exc)


#: One backend in one process is Mopidy's own rule.
_backend: Later | None = None


class EarlyBackend(pykka.ThreadingActor, backend.Backend):
    """Stands for :class:`VozduxanBackend`."""

    uri_schemes = SCHEMES

    def __init__(self, config: Any, audio: Any) -> None:
        super().__init__()
        global _backend
        _backend = self._real = Later(
            lambda: _start_backend(config, audio, self._more_asked)
        )
        self.audio = audio
        self.library = _Library(self, self._real)
        self.playback = _Playback(audio, self, self._real)
        self.playlists = _Playlists(self, self._real)

    def on_stop(self) -> None:
        """Stop the real one."""
        self._real.stop()

    def _more_asked(self) -> bool:
        """Return whether core waits for more than what is being answered."""
        return not self.actor_inbox.empty()


class EarlyFrontend(pykka.ThreadingActor):
    """Stands for :class:`VozduxanFrontend`; Mopidy starts frontends last."""

    def __init__(self, config: Any, core: Any) -> None:
        super().__init__()
        self._real = Later(lambda: _start_frontend(config, core))

    def on_start(self) -> None:
        """Have all loaded; waits for nothing."""
        self._real.load_when_idle()

    def on_stop(self) -> None:
        """Stop the real one; Mopidy stops core next, which may wait for a look-up."""
        from mopidy_vozduxan import running

        if library := running.provider():
            library.stop_waiting()
        self._real.stop()


def early_app(config: Mapping[str, object], core: object) -> Any:
    """Return the routes of our HTTP app, once there is something behind them."""
    if _backend:
        with contextlib.suppress(Exception):  # the log has said why
            _backend.wait()
    from mopidy_vozduxan.web.app import mopidy_app

    return mopidy_app(config, core)


def _start_backend(config: Any, audio: Any, more_asked: Callable[[], bool]) -> Ref:
    with _collecting_no_garbage():
        from mopidy_vozduxan.backend import VozduxanBackend
        from mopidy_vozduxan.web import app  # noqa: F401
    actor = VozduxanBackend.start(config=config, audio=audio, more_asked=more_asked)
    # It answers when it has started: the frontend, which comes next, needs its parts.
    actor.proxy().uri_schemes.get()
    return actor


def _start_frontend(config: Any, core: Any) -> Ref:
    if _backend:
        with contextlib.suppress(Exception):  # without a backend it rests
            _backend.load().result()
    from mopidy_vozduxan.frontend import VozduxanFrontend

    return VozduxanFrontend.start(config=config, core=core)


@contextlib.contextmanager
def _collecting_no_garbage() -> Iterator[None]:
    """Spare Mopidy a look at every object there is, several times over.

    What loading modules leaves is no garbage. Looking for some among that and all
    of Mopidy takes 60 ms of the 200 ms that loading ours takes otherwise. All there
    is counts as old afterwards, and is looked at when the old is.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        if not gc.get_freeze_count():  # what others have frozen stays so
            gc.freeze()
            gc.unfreeze()  # into the oldest generation
    finally:
        if was_enabled:
            gc.enable()


# --- what core asks, and the answer of a backend that could not start


class _Library(backend.LibraryProvider):
    root_directory = root_ref()

    def __init__(self, backend: EarlyBackend, real: Later) -> None:
        super().__init__(backend)
        self._real = real


class _Playback(backend.PlaybackProvider):
    def __init__(self, audio: Any, backend: EarlyBackend, real: Later) -> None:
        super().__init__(audio, backend)
        self._real = real


class _Playlists(backend.PlaylistsProvider):
    def __init__(self, backend: EarlyBackend, real: Later) -> None:
        super().__init__(backend)
        self._real = real


_ANSWERS: dict[type, tuple[str, dict[str, object]]] = {
    _Library: (
        "library",
        {
            "browse": [],
            "get_distinct": frozenset(),
            "get_images": {},
            "lookup": [],
            "lookup_many": {},
            "refresh": None,
            "search": None,
        },
    ),
    _Playback: (
        "playback",
        {
            "change_track": False,
            "get_time_position": 0,
            "pause": False,
            "play": False,
            "prepare_change": None,
            "resume": False,
            "seek": False,
            "stop": False,
            "translate_uri": None,
        },
    ),
    _Playlists: (
        "playlists",
        {
            "as_list": [],
            "create": None,
            "delete": False,
            "get_items": None,
            "lookup": None,
            "refresh": None,
            "save": None,
        },
    ),
}


def _passing_on(path: tuple[str, str], otherwise: object) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self._real.ask(path, otherwise, *args, **kwargs)

    method.__name__ = path[1]
    return method


for _provider, (_name, _methods) in _ANSWERS.items():
    for _method, _otherwise in _methods.items():
        setattr(_provider, _method, _passing_on((_name, _method), _otherwise))
