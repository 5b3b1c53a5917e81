"""From libtorrent's queue of alerts to our handlers, on our own event loop.

There is no thread: libtorrent writes a byte to a socket when the queue stops being
empty. An alert is a raw pointer that dies with the next ``pop_alerts``, so handlers
copy what they need, and keep no alert.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import libtorrent as lt

logger = logging.getLogger(__name__)

Handlers = Mapping[str, Callable[[Any], None]]

#: System errors that mean that the disk is at fault, not the swarm.
STORAGE_ERRORS = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.EIO,
        errno.EFAULT,  # a full disk, under a memory map (2.0.8)
        errno.ESTALE,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.EEXIST,
        errno.ENAMETOOLONG,
        errno.EMFILE,
        errno.ENFILE,
        errno.EFBIG,
        errno.ENXIO,
        errno.ENODEV,
    }
)


#: A piece of this many bytes should not stay in libtorrent's queue.
_LARGE = 2 * 1024 * 1024

#: Categories and values of "file too short" (2.1.1) and "End of file" (2.0.8).
_TOO_SHORT = frozenset({("libtorrent", 23), ("asio.misc", 2)})


#: "invalid piece index in slot list"
_NOT_HELD = ("libtorrent", 141)


#: "mismatching info-hash" (2.0.8, 2.1.1).
_ANOTHER_TORRENT = ("libtorrent", 30)


def tells_absence(error: Any) -> bool:
    """Return whether an ``error_code`` means that a piece is not held (2.1.1)."""
    return (error.category().name(), error.value()) == _NOT_HELD


def blames_storage(error: Any) -> bool:
    """Return whether libtorrent's ``error_code`` blames the disk."""
    system = error.category().name() in ("system", "generic")
    return system and error.value() in STORAGE_ERRORS


def tells_lie(error: Any) -> bool:
    """Return whether an ``error_code`` means metadata of another torrent."""
    return (error.category().name(), error.value()) == _ANOTHER_TORRENT


def tells_loss(error: Any) -> bool:
    """Return whether libtorrent's ``error_code`` means a changed file.

    The file is shorter than it was, or missing.
    """
    kind, value = error.category().name(), error.value()
    gone = kind in ("system", "generic") and value == errno.ENOENT
    return bool(gone or (kind, value) in _TOO_SHORT)


class AlertPump:
    """Passes every alert of a session to the handler named after its class."""

    def __init__(
        self, session: Any, loop: asyncio.AbstractEventLoop, handlers: Handlers
    ) -> None:
        self._session = session
        self._loop = loop
        self._handlers = handlers
        self._ours, self._theirs = socket.socketpair()
        for end in (self._ours, self._theirs):
            end.setblocking(False)
        loop.add_reader(self._ours, self._drain)
        session.set_alert_fd(self._theirs.fileno())

    def stop(self) -> None:
        """Pass on nothing more, and release the session."""
        self._loop.remove_reader(self._ours)
        self._session = None

    def close(self) -> None:
        """Close the sockets. The session writes to one, so it must be gone before."""
        self._ours.close()
        self._theirs.close()

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._ours.recv(4096):
                pass
        large = False
        for alert in self._session.pop_alerts():
            handler = self._handlers.get(type(alert).__name__)
            if handler:
                self._hand(handler, alert)
            large = large or _is_large(alert)
        if large:
            # It lives until other alerts are popped, so ask for one.
            self._session.post_session_stats()

    def _hand(self, handler: Callable[[Any], None], alert: Any) -> None:
        # One alert that fails must not lose the rest of its batch.
        try:
            handler(alert)
        except Exception:
            logger.exception("Cannot handle %s", type(alert).__name__)


def _is_large(alert: Any) -> bool:
    return isinstance(alert, lt.read_piece_alert) and alert.size >= _LARGE


def bytes_of(alert: Any) -> bytes | None:
    """Return the bytes of a ``read_piece_alert``, or None if it has none."""
    # Each access to ``buffer`` copies the piece, so take it once.
    buffer = alert.buffer if alert.size else None
    return bytes(buffer) if buffer else None


def reason_of(error: Any) -> str:
    """Return the message of an ``error_code``, as a phrase."""
    return str(error.message()) or "unknown error"


def failed(error: Any) -> bool:
    """Return whether an ``error_code`` is an error at all."""
    return bool(error.value() != 0)


def can_post_status() -> bool:
    """Return whether this libtorrent reports a torrent's pieces on request (2.0.11)."""
    return hasattr(lt.torrent_handle, "post_status")
