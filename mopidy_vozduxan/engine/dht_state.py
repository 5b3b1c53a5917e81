"""What we know of the DHT, in a file: the next start needs no bootstrap server.

A damaged file is ignored with a sentence. It is written at the end, and while we run
only if half of its nodes are not known any more, so that an SD card has its peace.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.bencode import bdecoded
from mopidy_vozduxan.engine.settings import session_params

logger = logging.getLogger(__name__)

_DHT = lt.save_state_flags_t.save_dht_state
_NODES = (b"nodes", b"nodes6")
#: How often to look whether the file has aged.
LOOK_EVERY_S = 600.0
#: How long the end of a session waits for its state.
END_S = 2.0
MOST_BYTES = 1 << 20


class DhtState:
    """The file at ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._saved: frozenset[bytes] = frozenset()
        self._timer: asyncio.TimerHandle | None = None

    def open_session(self, settings: Mapping[str, Any]) -> Any:
        """Return a session that knows what was saved. Blocks for a moment.

        libtorrent (2.0.8, 2.1.1) starts the DHT before it takes the state, so the
        session begins without a DHT.
        """
        params = session_params({**settings, "enable_dht": False})
        if (state := self._load()) is not None:
            params.dht_state = state
        session = lt.session(params)
        session.apply_settings({"enable_dht": settings.get("enable_dht", True)})
        return session

    def _load(self) -> Any | None:
        try:
            with self._path.open("rb") as file:
                data = file.read(MOST_BYTES)
            self._saved = _nodes(data)
            if not self._saved:
                raise ValueError("it names no nodes")
            return lt.read_session_params(data, _DHT).dht_state
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, RuntimeError, ValueError) as exc:
            logger.warning(
                "Vozduxan: Ignoring the unusable DHT file %s: %s", self._path, exc
            )
            return None

    def follow(self, session: Any, loop: asyncio.AbstractEventLoop) -> None:
        """Save the state of ``session`` when the file has aged."""

        def look() -> None:
            loop.run_in_executor(None, self._save, session, self._has_aged)
            self.follow(session, loop)

        self._timer = loop.call_later(LOOK_EVERY_S, look)

    async def end(self, session: Any) -> None:
        """Save the state for the last time; returns within seconds."""
        if self._timer:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        saving = loop.run_in_executor(None, self._save, session, self._differs)
        await asyncio.wait({saving}, timeout=END_S)

    def _save(self, session: Any, worth: Callable[[frozenset[bytes]], bool]) -> None:
        data = _state_of(session)
        nodes = _nodes(data)
        if not nodes or not worth(nodes):
            return
        draft = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
            self._saved = nodes
        except OSError as exc:
            logger.warning("Vozduxan: Cannot save %s: %s", self._path, exc)

    def _has_aged(self, nodes: frozenset[bytes]) -> bool:
        return len(nodes & self._saved) < len(nodes) / 2

    def _differs(self, nodes: frozenset[bytes]) -> bool:
        return nodes != self._saved


def _state_of(session: Any) -> bytes:
    """Ask for the state, which waits for libtorrent's thread, but not with the GIL."""
    if hasattr(session, "session_state"):
        params = session.session_state(_DHT)
        return bytes(lt.write_session_params_buf(params, _DHT))
    return bytes(lt.bencode(session.save_state(_DHT)))  # 2.0.8


def _nodes(data: bytes) -> frozenset[bytes]:
    """Return the addresses of the nodes in a state, as far as it has any."""
    state = bdecoded(data).get(b"dht state")
    lists = [state.get(key) for key in _NODES] if isinstance(state, dict) else []
    nodes = (node for some in lists if isinstance(some, list) for node in some)
    return frozenset(node for node in nodes if isinstance(node, bytes))
