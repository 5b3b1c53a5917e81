"""Whether core came to a track by itself, or because a listener asked for it.

Core calls a backend in the same way for both. It comes to a track by itself when the
track before ends, when we move it on from a failed one, and when it goes on from one
that it cannot play. In the last case it does not read its messages in between.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pykka
from pykka.messages import ProxyCall

_QUESTION = ProxyCall(attr_path=("playback", "get_state"), args=(), kwargs={})


class Walk:
    """How core came to its track. For any thread; never waits."""

    def __init__(self) -> None:
        self._moved_on = False
        self._answers: list[pykka.Future[object]] = []

    @contextlib.contextmanager
    def moving_on(self) -> Iterator[None]:
        """Mark the time in which we move core on."""
        self._moved_on = True
        try:
            yield
        finally:
            self._moved_on = False

    def refused(self) -> None:
        """Note that core was refused a track, and goes on to another one.

        It answers a question only after it has done so.
        """
        if not self.goes_on():
            cores = pykka.ActorRegistry.get_by_class_name("Core")
            self._answers = [core.ask(_QUESTION, block=False) for core in cores]

    def goes_on(self) -> bool:
        """Return whether core has come to its current request by itself."""
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
