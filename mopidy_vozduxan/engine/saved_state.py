"""What of one swarm's state is on disk, and what is on its way there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

#: The pieces that are held, those that are half fetched, and known peers.
Meaning = tuple[frozenset[int], frozenset[int], frozenset[Any]]


def meaning_of(params: Any) -> Meaning:
    """Return what libtorrent's parameters tell a later start."""
    held = frozenset(piece for piece, there in enumerate(params.have_pieces) if there)
    return held, frozenset(params.unfinished_pieces), frozenset(params.peers)


@dataclass(frozen=True, slots=True)
class Draft:
    """A state to be written: its bytes, and the pieces that they claim.

    ``meaning`` is what a later start takes from it.
    """

    data: bytes
    claims: frozenset[int]
    meaning: Meaning


@dataclass(slots=True, eq=False)
class Writing:
    """A draft on its way to disk; ``fresh`` are the pieces to be synced before.

    Those that ``failed`` are not claimed.
    """

    draft: Draft
    fresh: set[int]
    failed: set[int] = field(default_factory=set)
    saved: bool = False


@dataclass(slots=True)
class SavedState:
    """``synced`` pieces are on the disk itself, not only in the kernel's memory."""

    synced: set[int] = field(default_factory=set)
    written: Meaning | None = None  # what the file says, if it is known
    writing: Writing | None = None  # the latest one that is not on disk yet
    unsaved: int = 0  # pieces that came since the state was asked for
    timer: asyncio.TimerHandle | None = None  # asks for it
    draft: Draft | None = None  # waits until libtorrent has written what it claims
    flushes: int = 0  # asked for and not answered yet

    def ask(self) -> None:
        """Note that the state is asked for."""
        self.unsaved = 0
        if self.timer:
            self.timer.cancel()
        self.timer = None

    def flush(self, handle: Any, draft: Draft | None = None) -> None:
        """Have libtorrent write what it has, before ``draft`` may be written.

        An older draft is outdated.
        """
        self.draft = draft
        self.flushes += 1
        handle.flush_cache()

    def flushed(self) -> bool:
        """Note an answer; return whether it was the last one."""
        self.flushes = max(0, self.flushes - 1)
        return not self.flushes

    def take_draft(self) -> Draft | None:
        """Return the draft to be written, once."""
        draft, self.draft = self.draft, None
        return draft

    def says(self, meaning: Meaning) -> bool:
        """Return whether the file says that, or will in a moment."""
        latest = self.writing.draft.meaning if self.writing else self.written
        return meaning == latest

    def wrote(self, writing: Writing) -> None:
        """Note what is on the disk itself."""
        self.synced |= writing.fresh - writing.failed
        if self.writing is writing:
            self.writing = None
        whole = writing.saved and not writing.failed
        self.written = writing.draft.meaning if whole else None

    def forget_flushes(self) -> None:
        """Note that answers may be lost; the next state replaces the one that waits."""
        self.draft, self.flushes = None, 0
