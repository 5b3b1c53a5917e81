"""Mopidy's audio actor, and a bridge, that only note what they are told."""

from __future__ import annotations

import asyncio
import concurrent.futures
from types import SimpleNamespace

import pykka


def future_of(value: object) -> pykka.ThreadingFuture:
    future = pykka.ThreadingFuture()
    future.set_exception() if isinstance(value, BaseException) else future.set(value)
    return future


class Audio:
    """A proxy of it: every call is noted, and answered with what ``answers`` has."""

    def __init__(self, **answers: object) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.answers: dict[str, object] = {"get_position": 0, **answers}
        self.properties: dict[str, object] = {}
        self.states = ("playing", "void-pending")
        self.actor_ref = self

    def __getattr__(self, name: str) -> object:
        def call(*args: object, **_: object) -> pykka.ThreadingFuture:
            self.calls.append((name, *args))
            answer = self.answers.get(name, True)
            if answer is None:
                return pykka.ThreadingFuture()  # it never answers
            return future_of(answer)

        return call

    def ask(
        self, message: object, *, block: bool = True, timeout: float | None = None
    ) -> object:
        """Answer what is asked of the playbin behind Mopidy's back."""
        path, args = message.attr_path, message.args
        if path == ("_playbin", "set_property"):
            assert not block
            self.properties[args[0]] = args[1]
            return None
        assert path == ("_playbin", "get_state")
        if self.states is None:
            raise pykka.Timeout
        return (None, *(SimpleNamespace(value_nick=nick) for nick in self.states))


class Bridge:
    """Does at once what it is told and asked."""

    def __init__(self) -> None:
        self.late = False

    def tell(self, call: object, *args: object) -> None:
        call(*args)

    def ask(self, coro: object) -> concurrent.futures.Future:
        future = concurrent.futures.Future()
        if self.late:
            coro.close()
            future.set_exception(TimeoutError())
            return future
        try:
            future.set_result(asyncio.run(coro))
        except Exception as exc:
            future.set_exception(exc)
        return future
