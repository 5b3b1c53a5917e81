"""Which trackers a swarm asks, and in which order.

libtorrent's settings hold for all torrents, and ours ask all trackers at once, so that
a dead one costs no time. Trackers of private torrents may count that as cheating, and
want the first one that works, in the order of their tiers (BEP 12). So of a private
torrent libtorrent gets one tracker at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

#: libtorrent's number of a tier is one byte; trackers of the configuration come last.
LAST_TIER = 255


def tiers_in(params: Any) -> list[list[str]]:
    """Return the trackers in ``add_torrent_params`` by tier."""
    tiers: dict[int, list[str]] = {}
    numbers = chain(params.tracker_tiers, repeat(0))
    for url, number in zip(params.trackers, numbers, strict=False):
        tiers.setdefault(number, []).append(url)
    return [tiers[number] for number in sorted(tiers)]


def add(params: Any, more: Iterable[str]) -> None:
    """Have ``more`` trackers asked, too."""
    new = [url for url in more if url not in params.trackers]
    if new:
        tiers = list(params.tracker_tiers)
        tiers += [0] * (len(params.trackers) - len(tiers))  # libtorrent's default
        params.tracker_tiers = tiers + [LAST_TIER] * len(new)
        params.trackers = [*params.trackers, *new]


def leave_out(params: Any, those: Collection[str]) -> None:
    """Leave some trackers out of ``add_torrent_params``."""
    tiers = [[url for url in tier if url not in those] for tier in tiers_in(params)]
    numbered = [(url, n) for n, tier in enumerate(filter(None, tiers)) for url in tier]
    params.trackers = [url for url, _ in numbered]
    params.tracker_tiers = [number for _, number in numbered]


@dataclass(slots=True)
class Turns:
    """The trackers of a private torrent, one of which is asked."""

    urls: Sequence[str]
    current: int = 0

    @classmethod
    def of(cls, params: Any) -> Turns:
        """Leave only the first tracker in ``add_torrent_params``."""
        turns = cls([url for tier in tiers_in(params) for url in tier])
        params.trackers = list(turns.urls[:1])
        params.tracker_tiers = [0] * len(params.trackers)
        return turns

    def failed(self, url: str) -> bool:
        """Return whether it is the turn of another tracker, since this one failed."""
        if self.current + 1 >= len(self.urls) or url != self.urls[self.current]:
            return False
        self.current += 1
        return True

    def begin_anew(self) -> None:
        """Ask the first one again."""
        self.current = 0

    @property
    def entry(self) -> dict[str, object]:
        """The entry of the tracker to be asked."""
        return {"url": self.urls[self.current], "tier": 0}
