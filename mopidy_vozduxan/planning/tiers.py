"""How far ahead of its head a window reaches: numbers, and their reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tiers:
    """How far ahead of a head the tiers reach: seconds, within bounds.

    ``soon_pieces`` are the minimum and the maximum of the first tier, in pieces. With
    small pieces, ``soon_bytes`` and ``later_bytes`` are the upper bounds.
    """

    soon_s: float = 15.0
    later_s: float = 60.0
    soon_pieces: tuple[int, int] = (2, 20)
    soon_bytes: int = 4 * MIB
    later_pieces: int = 60
    later_bytes: int = 64 * MIB
    #: With this much ahead of the playhead, the following tracks may be fetched as
    #: well.
    safe_s: float = 5.0
    #: What the player takes of a track before it sounds. It is the first part of the
    #: next track to be fetched, and the only one at that time: pieces of one urgency
    #: come in any order, and when 10 s out of 30 s had come, none were there without a
    #: gap. Meanwhile the first tier is no longer than ``safe_s``.
    opening_s: float = 5.5
    opening_bytes: int = 576 * 1024
    prefetch_s: float = 30.0
    prefetch_bytes: int = 32 * MIB
    head_s: float = 10.0
    #: A window reaches as far as this many times the contiguously read bytes.
    earning: int = 4

    def for_opening(self) -> Tiers:
        """Return the tiers to use while the opening of the next track is missing."""
        return replace(
            self,
            soon_s=min(self.soon_s, self.safe_s),
            prefetch_s=self.opening_s,
            prefetch_bytes=self.opening_bytes,
        )

    def for_yielding(self) -> Tiers:
        """Return the tiers of what plays while another swarm's opening comes first."""
        return replace(self, soon_s=min(self.soon_s, self.safe_s))


DEFAULT_TIERS = Tiers()


def tiers_of(readahead_s: float) -> Tiers:
    """Return the tiers for a total readahead of ``readahead_s``."""
    return Tiers(soon_s=min(15.0, readahead_s), later_s=readahead_s)
