"""What leaves the disk, and in which order.

Files go singly: those never heard first, then the least recently heard. What a bucket,
a reader or "keep" holds never goes.

Design notes
------------
- *Room is made before it is needed.* The sizes of the current, the next and the warm
  file are reserved within the limit. So the rest is evicted when they are chosen, not
  when they have come, and what comes while eviction waits for a quiet moment stays
  below the limit and these files.
- *More goes than has to*, a :data:`BATCH` of the limit: a swarm in use is left and
  joined again for it.
- *A file that only shares pieces frees nothing.* Its part of them stays for the
  neighbours. So what a file frees counts, not what it takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

GB = 10**9
#: The limit, and the free space, of who has not set any.
DEFAULT_MOST, DEFAULT_FREE = 10 * GB, GB
#: On small file systems: at most a quarter for us, and a tenth stays free.
MOST_SHARE, FREE_SHARE = 4, 10
#: This part of the limit goes at a time.
BATCH = 20
#: Openings of queued tracks get this part of the limit.
OPENINGS = 4

File = tuple[str, int]  # an infohash, and the index of a file


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """How much the cache may take; ``None`` is no limit.

    ``most`` and ``min_free`` are in bytes, ``ttl_s`` in seconds since a file was heard.
    """

    most: int | None = None
    min_free: int = 0
    ttl_s: float | None = None

    @property
    def batch(self) -> int:
        """How much more goes than has to."""
        return (self.most or DEFAULT_MOST) // BATCH


@dataclass(frozen=True, slots=True)
class CacheWishes:
    """The limits as somebody set them; ``None`` is the default, 0 no limit."""

    most: int | None = None
    min_free: int | None = None
    ttl_s: float | None = None

    def on(self, disk: int) -> CacheLimits:
        """Return the limits on a file system of ``disk`` bytes."""
        most, min_free = self.most, self.min_free
        if most is None:
            most = min(DEFAULT_MOST, disk // MOST_SHARE)
        if min_free is None:
            min_free = min(DEFAULT_FREE, disk // FREE_SHARE)
        return CacheLimits(most or None, min_free, self.ttl_s)


@dataclass(frozen=True, slots=True)
class CachedFile:
    """A file on disk. ``index`` is ``None`` for a torrent whose files nobody knows.

    It takes ``taken`` bytes, and its eviction frees ``frees`` of them. ``heard_at`` and
    ``changed_at`` are seconds since the epoch.
    """

    infohash: str
    index: int | None
    taken: int
    frees: int
    heard_at: float | None = None
    changed_at: float = 0.0

    @property
    def turn(self) -> tuple[bool, float]:
        """The order of leaving."""
        if self.heard_at is None:
            return False, self.changed_at
        return True, self.heard_at


@dataclass(frozen=True, slots=True)
class Holdings:
    """What may not leave.

    ``sizes`` are the files of the current, the next and the warm stream, with their
    whole sizes. ``held`` are those that anybody holds. Of ``queued`` files the openings
    are fetched, with their sizes.
    """

    sizes: Mapping[File, int]
    held: frozenset[File] = frozenset()
    queued: Mapping[File, int] | None = None

    @property
    def reserved(self) -> int:
        """The bytes of the current, the next and the warm file."""
        return sum(self.sizes.values())

    def spared(self, infohash: str) -> frozenset[int]:
        """Return the files of a torrent that lose no piece."""
        names = {*self.held, *self.sizes, *(self.queued or {})}
        return frozenset(index for name, index in names if name == infohash)

    def protect(self, file: CachedFile) -> bool:
        """Return whether a file must stay; of a queued one, only its opening."""
        if file.index is None:
            held = {infohash for infohash, _ in (*self.held, *self.sizes)}
            return file.infohash in held
        name = file.infohash, file.index
        opening = (self.queued or {}).get(name, -1)
        return name in self.held or name in self.sizes or file.taken <= opening


@dataclass(frozen=True, slots=True)
class Usage:
    """The disk at one moment, in bytes.

    ``needed`` is what files of :attr:`Holdings.sizes` and held ones take, ``others``
    all else; ``coming`` is what is still missing of the former. ``free`` is left on the
    file system.
    """

    needed: int = 0
    others: int = 0
    coming: int = 0
    free: int = 0

    @property
    def used(self) -> int:
        """What the whole cache takes."""
        return self.needed + self.others


def excess(usage: Usage, reserved: int, limits: CacheLimits) -> int:
    """Return how many bytes have to go; negative if some may still come."""
    below_free = limits.min_free + usage.coming - usage.free
    if limits.most is None:
        return below_free
    return max(usage.others - max(0, limits.most - reserved), below_free)


def is_urgent(usage: Usage, limits: CacheLimits) -> bool:
    """Return whether eviction cannot wait for a quiet moment."""
    return limits.most is not None and usage.others > limits.most


def openings_within(budget: int, limits: CacheLimits) -> int:
    """Return how much to spend on openings of queued tracks, at most ``budget``.

    They stay while their tracks are queued, so they must not use up the limit.
    """
    return budget if limits.most is None else min(budget, limits.most // OPENINGS)


def is_worth_a_break(frees: int, usage: Usage, limits: CacheLimits) -> bool:
    """Return whether a swarm in use should be left for so many bytes.

    What its peers send while nothing else is wanted makes it exceed the limit again
    and again, by a little.
    """
    return frees >= limits.batch or usage.free < limits.min_free


def evictable(files: Iterable[CachedFile], holdings: Holdings) -> Iterator[CachedFile]:
    """Yield the files that may leave, the first to go first."""
    free = (file for file in files if file.frees and not holdings.protect(file))
    return iter(sorted(free, key=lambda file: file.turn))


def victims(
    files: Sequence[CachedFile],
    holdings: Holdings,
    usage: Usage,
    limits: CacheLimits,
    now: float,
) -> list[CachedFile]:
    """Return what leaves now. ``now`` is in seconds since the epoch."""
    needed = excess(usage, holdings.reserved, limits)
    if needed > 0:
        needed += limits.batch
    chosen = []
    for file in evictable(files, holdings):
        if needed <= 0 and not _is_old(file, limits, now):
            continue
        chosen.append(file)
        needed -= file.frees
    return chosen


def _is_old(file: CachedFile, limits: CacheLimits, now: float) -> bool:
    if limits.ttl_s is None:
        return False
    since = file.changed_at if file.heard_at is None else file.heard_at
    return now - since > limits.ttl_s
