"""The open readers of a stream, and what they wait for.

Lives on our event loop.
"""

from __future__ import annotations

from collections.abc import Iterator

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.planning.demand import Head
from mopidy_vozduxan.planning.spans import PieceMap
from mopidy_vozduxan.streaming.piece_reader import PieceReader


class OpenReaders:
    """The readers of one stream; may change during an iteration."""

    def __init__(self) -> None:
        self._readers: set[PieceReader] = set()

    def __repr__(self) -> str:
        return repr(self._readers)

    def __len__(self) -> int:
        return len(self._readers)

    def __iter__(self) -> Iterator[PieceReader]:
        return iter(list(self._readers))

    def add(self, reader: PieceReader) -> None:
        """Add an opened reader."""
        self._readers.add(reader)

    def discard(self, reader: PieceReader) -> None:
        """Forget a closed reader."""
        self._readers.discard(reader)

    def close(self) -> None:
        """Close all of them."""
        for reader in self:
            reader.close()

    def fail(self, error: VozduxanError) -> None:
        """End all of them with ``error``."""
        for reader in self:
            reader.fail(error)

    def fail_waits(self, error: VozduxanError) -> None:
        """End those that wait, except the player's, which end when core moves on."""
        for reader in self:
            if not reader.player and reader.waiting_since is not None:
                reader.fail(error)

    @property
    def heads(self) -> list[Head]:
        """Their heads."""
        return [reader.head() for reader in self._readers]

    @property
    def waiting_since(self) -> float | None:
        """The start of the longest wait for a piece, if there is one."""
        starts = (reader.waiting_since for reader in self._readers)
        return min((start for start in starts if start is not None), default=None)

    def awaited(self, pieces: PieceMap) -> list[int]:
        """Return the pieces that they wait for."""
        return [
            pieces.piece_at(head.offset)
            for head in self.heads
            if head.waiting and head.offset < pieces.size
        ]
