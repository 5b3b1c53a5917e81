"""Whether core comes to a track by itself, or because somebody asked for it.

Core calls a backend in the same way for both. It comes to a track by itself when
what played ends, when we move it on from what failed, and when it goes on from what
it cannot play; the latter it does without a look at its messages.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pykka
from pykka.messages import ProxyCall

_QUESTION = ProxyCall(attr_path=("playback", "get_state"), args=(), kwargs={})


class Walk:
    """For any thread. Waits for nobody."""

    def __init__(self) -> None:
        self._moved_on = False
        self._answers: list[pykka.Future[object]] = []

    @contextlib.contextmanager
    def moving_on(self) -> Iterator[None]:
        """Have core move on meanwhile."""
        self._moved_on = True
        try:
            yield
        finally:
            self._moved_on = False

    def refused(self) -> None:
        """Core was refused a track, and goes on to another one.

        It answers a question only when it has done so.
        """
        if not self.goes_on():
            cores = pykka.ActorRegistry.get_by_class_name("Core")
            self._answers = [core.ask(_QUESTION, block=False) for core in cores]

    def goes_on(self) -> bool:
        """Return whether core has come by itself to what it asks for now."""
        self._answers = [answer for answer in self._answers if _is_awaited(answer)]
        return self._moved_on or bool(self._answers)


def _is_awaited(answer: pykka.Future[object]) -> bool:
    try:
        answer.get(timeout=0)
    except pykka.Timeout:
        return True
    except pykka.ActorDeadError:
        return False
    return False
