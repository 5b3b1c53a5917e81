"""What the stream handler needs of streaming. Contains no behaviour.

All calls in these protocols happen on our own event loop.
"""

from __future__ import annotations

from typing import Protocol

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.streaming.stream_info import StreamInfo


class Reader(Protocol):
    """The bytes of one span, in order, for one request."""

    async def next(self) -> bytes | None:
        """Return the next contiguous bytes, at most 1 MiB; None at the end.

        Waits for the swarm. Raises a
        :class:`~mopidy_vozduxan.exceptions.VozduxanError` if it gives up.
        """

    def close(self) -> None:
        """Stop at once. Safe to call again."""


class Streams(Protocol):
    """The open streams, by token."""

    def known(self, token: str) -> StreamInfo | None:
        """Return what is known in memory; None while the metadata is missing.

        Never touches the swarm. Raises
        :exc:`~mopidy_vozduxan.exceptions.NoSuchStream` for an unknown token.
        """

    async def describe(self, token: str) -> StreamInfo:
        """Wait for the metadata. Raises ``NoSuchStream``, ``MetadataTimeout``, …"""

    async def released(self, token: str) -> None:
        """Wait until no stream has that token; an unknown one returns at once.

        This ends the responses of a released stream, including those whose client has
        stopped reading, and those that wait for a dead swarm.
        """

    def fail(self, token: str, error: VozduxanError) -> None:
        """Report that the player cannot play this stream."""

    def open_reader(self, token: str, start: int, stop: int, *, player: bool) -> Reader:
        """Open a reader over ``[start, stop)``, offsets in bytes of the stream.

        ``player`` says that the reader is for Mopidy's own player: it should wait
        forever rather than fail, see :mod:`mopidy_vozduxan.web.stream_handler`.
        """
