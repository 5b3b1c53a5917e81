"""Damaged pieces of one swarm: known ones, and suspects."""

from __future__ import annotations

import asyncio
from collections.abc import Set
from dataclasses import dataclass, field


@dataclass(slots=True)
class Damage:
    """``lost`` pieces are damaged, but libtorrent still takes them for held."""

    lost: set[int] = field(default_factory=set)
    reported: set[int] = field(default_factory=set)  # lost, and our side knows
    in_doubt: bool = False  # half-fetched pieces, and the bans because of them
    failed_hashes: bool = False  # libtorrent has banned a peer because of them
    #: Checks the suspects, one after the other.
    inspection: asyncio.Task[None] | None = None
    _suspects: set[int] = field(default_factory=set)
    _seen: set[int] = field(default_factory=set)  # suspects that were checked

    def lose(self, piece: int) -> None:
        """Note a held piece whose data has changed."""
        self.lost.add(piece)

    def report(self) -> frozenset[int]:
        """Return the lost pieces that our side does not know of yet."""
        new = frozenset(self.lost - self.reported)
        self.reported |= new
        return new

    def doubt(self) -> None:
        """Trust no half-fetched piece, and no ban."""
        self.in_doubt = True

    def blame_disk(self) -> None:
        """Assume that the disk caused the wrong pieces, not the banned peers."""
        self.in_doubt, self.failed_hashes = True, False

    def fail_hash(self, *, by_peers: bool) -> None:
        """Note a piece with a wrong hash; libtorrent bans peers because of it."""
        self.failed_hashes = by_peers

    def suspect(self, pieces: Set[int]) -> None:
        """Add pieces that may be lost."""
        self._suspects |= pieces

    def inspect(self, task: asyncio.Task[None]) -> None:
        """Note the task that checks the suspects."""
        self.inspection = task

    def next_suspects(self) -> set[int]:
        """Return the suspects that were added since the last call."""
        suspects, self._suspects = self._suspects, set()
        return suspects

    def see(self, piece: int) -> bool:
        """Note a suspect; return whether it still has to be checked."""
        if piece in self.lost or piece in self._seen:
            return False
        self._seen.add(piece)
        return True

    def end_inspection(self) -> None:
        """Forget the suspects; the lost ones among them are known."""
        self.inspection, self._suspects, self._seen = None, set(), set()
