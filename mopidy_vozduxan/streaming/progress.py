"""Boards that show the progress of a prepare, or of a torrent's metadata.

Live on our event loop. They only report, and influence nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.streaming.stream import Stream
from mopidy_vozduxan.streaming.swarm import Swarm

State = Literal["idle", "metadata", "buffering", "ready", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of a prepare.

    ``percent`` is that of the first piece, ``rate`` is in bytes/s, ``message`` is a
    sentence for the listener; ``token`` is set once there is a stream.
    """

    state: State = "idle"
    percent: int = 0
    peers: int = 0
    rate: int = 0
    message: str = ""
    token: str | None = None


class Board:
    """Shows the progress of the latest prepare, and ignores earlier ones."""

    def __init__(self) -> None:
        self.latest = Progress()
        self._version = 0
        self._changed = asyncio.Event()
        self._shown: Preparation | None = None

    async def after(self, version: int | None) -> tuple[int, Progress]:
        """Wait for another version than ``version``; return it and what it shows."""
        while self._version == version:
            await self._changed.wait()
        return self._version, self.latest

    def preparation(self) -> Preparation:
        """Return a report that replaces the one before."""
        return Preparation(self)

    def released(self, token: str) -> None:
        """Stop showing a stream that has ended."""
        if self.latest.token == token and self.latest.state == "ready":
            self._show(Progress())

    def turn_to(self, preparation: Preparation) -> None:
        """Show this one from now on."""
        self._shown = preparation

    def show(self, preparation: Preparation, progress: Progress) -> None:
        """Show it, unless a newer prepare has begun."""
        if self._shown is preparation:
            self._show(progress)

    def close(self) -> None:
        """Nobody follows it any more; the prepares continue."""

    def _show(self, progress: Progress) -> None:
        if progress != self.latest:
            self.latest = progress
            self._version += 1
            self._changed.set()
            self._changed = asyncio.Event()


class MetadataBoard(Board):
    """Shows the progress of a torrent's metadata, until :meth:`close`.

    Without a swarm nobody asks for it: either it is here, or the board stays idle.
    """

    def __init__(self, swarm: Swarm | None, *, known: bool) -> None:
        super().__init__()
        self._swarm = swarm
        if known:
            self._show(Progress("ready", 100, message="The metadata is here."))
        elif swarm:
            swarm.listeners.add(self._look)
            self._look()

    def close(self) -> None:
        """Stop following the swarm."""
        if self._swarm:
            self._swarm.listeners.discard(self._look)

    def _look(self) -> None:
        swarm = self._swarm
        if swarm is None or self.latest.state in ("ready", "failed"):
            return
        numbers = swarm.statistics
        state, percent, message = _of(swarm)
        self._show(
            Progress(state, percent, numbers.num_peers, numbers.download_rate, message)
        )


class Preparation:
    """A context manager around one prepare, which says where it stands."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._swarm: Swarm | None = None
        self._stream: Stream | None = None
        self._payload_before = 0

    def __enter__(self) -> Self:
        self._board.turn_to(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._swarm:
            self._swarm.listeners.discard(self._look)
        if isinstance(error, asyncio.CancelledError):
            self._show("cancelled", "The request was cancelled.")
        elif isinstance(error, VozduxanError):
            self._show("failed", str(error))
        elif error:
            self._show("failed", "The request failed.")

    def joined(self, swarm: Swarm) -> None:
        """The swarm is joined; now its metadata is needed."""
        self._swarm = swarm
        self._payload_before = swarm.statistics.payload
        swarm.listeners.add(self._look)
        self._look()

    def opened(self, stream: Stream) -> None:
        """The stream is open; now its first piece is needed."""
        self._stream = stream
        self._look()

    def ready(self) -> None:
        """The stream can be read, or its reader waits from now on."""
        if self._stream and self._percent() == 100:
            self._show("ready", f"“{self._stream.name}” can be played.")
        elif self._stream:
            self._show("ready", f"“{self._stream.name}” starts when its swarm does.")

    def _look(self) -> None:
        if self._stream:
            self._show("buffering", f"Waiting for “{self._stream.name}”.")
        elif self._swarm:
            name = self._swarm.name
            self._show("metadata", f"Waiting for the metadata of “{name}”.")

    def _show(self, state: State, message: str) -> None:
        statistics = self._swarm.statistics if self._swarm else None
        progress = Progress(
            state,
            self._percent(),
            statistics.num_peers if statistics else 0,
            statistics.download_rate if statistics else 0,
            message,
            self._stream.token if self._stream else None,
        )
        self._board.show(self, progress)

    def _percent(self) -> int:
        """Return how much of the first piece is here, judged by what the swarm sent."""
        if self._stream is None or (pieces := self._stream.file.map) is None:
            return 0
        swarm = self._stream.swarm
        if not pieces.size or pieces.piece_at(0) in swarm.pieces.held:
            return 100
        came = swarm.statistics.payload - self._payload_before
        return max(0, min(99, came * 100 // pieces.piece_length))


def _of(swarm: Swarm) -> tuple[State, int, str]:
    """Return the progress of a swarm's metadata."""
    if swarm.metainfo:
        return "ready", 100, f"The metadata of “{swarm.name}” is here."
    if swarm.failure:
        return "failed", 0, str(swarm.failure)
    return "metadata", 0, f"Waiting for the metadata of “{swarm.name}”."
