"""Mopidy's events over its WebSocket, collected in a thread of their own."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Mapping
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

Event = dict[str, Any]


class Events:
    """Connected when the constructor returns; every event since then is kept."""

    def __init__(self, url: str, timeout: float = 30) -> None:
        self._url = url
        self._seen: list[Event] = []
        self._taken = 0
        self._changed = threading.Condition()
        self._connected = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._socket: WebSocketClientConnection | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        if not self._connected.wait(timeout) or self._socket is None:
            raise ConnectionError(f"no WebSocket at {url}")

    @property
    def all(self) -> list[Event]:
        with self._changed:
            return list(self._seen)

    def wait_for_event(self, name: str, timeout: float = 30, **match: object) -> Event:
        """The next event of that name whose keys equal `match`.

        Events are consumed: what came before it is not looked at again. A key may be
        a path, with two underscores for a dot: `tl_track__track__uri="…"`.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                while self._taken < len(self._seen):
                    event = self._seen[self._taken]
                    self._taken += 1
                    if event.get("event") == name and _matches(event, match):
                        return event
                if not self._changed.wait(deadline - time.monotonic()):
                    names = [event.get("event") for event in self._seen]
                    raise TimeoutError(f"no {name} {match} in {names}")

    def skip(self) -> None:
        """Forget what came so far: wait only for what is still to come."""
        with self._changed:
            self._taken = len(self._seen)

    def close(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._hang_up)
            self._thread.join(10)

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._listen())
        finally:
            self._connected.set()
            self._loop.close()

    async def _listen(self) -> None:
        self._socket = await websocket_connect(self._url)
        self._connected.set()
        while (message := await self._socket.read_message()) is not None:
            event = json.loads(message)
            with self._changed:
                self._seen.append(event)
                self._changed.notify_all()


def _matches(event: Event, match: Mapping[str, object]) -> bool:
    return all(_value(event, path) == value for path, value in match.items())


def _value(event: Any, path: str) -> Any:
    for key in path.split("__"):
        event = event.get(key) if isinstance(event, dict) else None
    return event
