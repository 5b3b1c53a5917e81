"""What may be wrong with the pieces that one swarm holds, and what certainly is."""

from __future__ import annotations

import asyncio
from collections.abc import Set
from dataclasses import dataclass, field


@dataclass(slots=True)
class Damage:
    """``lost`` pieces are held by libtorrent's word only."""

    lost: set[int] = field(default_factory=set)
    in_doubt: bool = False  # what is half fetched, and who is banned for it
    failed_hashes: bool = False  # libtorrent has banned somebody for it
    #: Looks at the suspects, one after the other.
    inspection: asyncio.Task[None] | None = None
    _suspects: set[int] = field(default_factory=set)
    _seen: set[int] = field(default_factory=set)  # suspects that were looked at

    def lose(self, piece: int) -> None:
        """Note a held piece that is not what it was."""
        self.lost.add(piece)

    def doubt(self) -> None:
        """Trust nothing that is half fetched, and no ban."""
        self.in_doubt = True

    def blame_disk(self) -> None:
        """Take the disk for the cause of wrong pieces, not those who were banned."""
        self.in_doubt, self.failed_hashes = True, False

    def fail_hash(self, *, by_peers: bool) -> None:
        """Note a piece that came wrong; libtorrent bans peers for it."""
        self.failed_hashes = by_peers

    def suspect(self, pieces: Set[int]) -> None:
        """Add pieces that may be lost."""
        self._suspects |= pieces

    def inspect(self, task: asyncio.Task[None]) -> None:
        """Note the task that looks at the suspects."""
        self.inspection = task

    def next_suspects(self) -> set[int]:
        """Return the suspects that were added since the last call."""
        suspects, self._suspects = self._suspects, set()
        return suspects

    def see(self, piece: int) -> bool:
        """Note that a suspect is looked at; return whether that is new and of use."""
        if piece in self.lost or piece in self._seen:
            return False
        self._seen.add(piece)
        return True

    def end_inspection(self) -> None:
        """Forget the suspects: what is lost of them is known."""
        self.inspection, self._suspects, self._seen = None, set(), set()
