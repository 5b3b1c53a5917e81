"""The catalog's asynchronous face: the same calls by the same names, awaited.

A call runs on one of the catalog's own threads, and never blocks the event loop. The
methods that our loop needs are listed here, one per line; mypy takes arguments and
results from the method itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from mopidy_vozduxan.catalog.collection import Collection
from mopidy_vozduxan.catalog.hearings import Hearings
from mopidy_vozduxan.catalog.scans import Scans
from mopidy_vozduxan.catalog.sheets import Sheets
from mopidy_vozduxan.catalog.torrents import Torrents
from mopidy_vozduxan.catalog.traffic import Traffic

P = ParamSpec("P")
T = TypeVar("T")
Noun = TypeVar("Noun")

#: Readers wait neither for a writer nor for each other.
THREADS = 4


class Face(Generic[Noun]):
    """One of the catalog's nouns, for the event loop."""

    def __init__(self, noun: Noun, executor: Executor) -> None:
        self.noun = noun
        self.executor = executor


class Awaited(Generic[Noun, P, T]):
    """A method of a :class:`Face`: runs the noun's own method on a thread."""

    def __init__(self, method: Callable[Concatenate[Noun, P], T]) -> None:
        self._name = method.__name__

    def __get__(
        self, face: Face[Noun], owner: type[object]
    ) -> Callable[P, Coroutine[Any, Any, T]]:
        def call(*args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
            work = partial(getattr(face.noun, self._name), *args, **kwargs)
            return _running(face.executor, work)

        return call


class AsyncTorrents(Face[Torrents]):
    """See :class:`Torrents`."""

    has = Awaited(Torrents.has)
    source = Awaited(Torrents.source)
    metainfo = Awaited(Torrents.metainfo)
    name_of = Awaited(Torrents.name_of)
    names_of = Awaited(Torrents.names_of)
    names_like = Awaited(Torrents.names_like)
    also_call = Awaited(Torrents.also_call)


class AsyncCollection(Face[Collection]):
    """See :class:`Collection`."""

    add = Awaited(Collection.add)
    learn = Awaited(Collection.learn)
    remove = Awaited(Collection.remove)
    forget = Awaited(Collection.forget)
    inventory = Awaited(Collection.inventory)


class AsyncScans(Face[Scans]):
    """See :class:`Scans`."""

    unscanned_torrents = Awaited(Scans.unscanned_torrents)
    unscanned = Awaited(Scans.unscanned)
    keep_tags = Awaited(Scans.keep_tags)
    note_missing = Awaited(Scans.note_missing)
    note_unreadable = Awaited(Scans.note_unreadable)
    leave_alone = Awaited(Scans.leave_alone)


class AsyncSheets(Face[Sheets]):
    """See :class:`Sheets`."""

    keep = Awaited(Sheets.keep)


class AsyncHearings(Face[Hearings]):
    """See :class:`Hearings`."""

    note = Awaited(Hearings.note)
    all = Awaited(Hearings.all)
    last = Awaited(Hearings.last)
    save_clock = Awaited(Hearings.save_clock)


class AsyncTraffic(Face[Traffic]):
    """See :class:`Traffic`."""

    count = Awaited(Traffic.count)
    totals = Awaited(Traffic.totals)


class AsyncCatalog:
    """The catalog for coroutines. All may raise :class:`StorageFailed`."""

    def __init__(
        self,
        torrents: Torrents,
        collection: Collection,
        scans: Scans,
        sheets: Sheets,
        hearings: Hearings,
        traffic: Traffic,
    ) -> None:
        self._executor = ThreadPoolExecutor(THREADS, "VozduxanCatalog")
        self.torrents = AsyncTorrents(torrents, self._executor)
        self.collection = AsyncCollection(collection, self._executor)
        self.scans = AsyncScans(scans, self._executor)
        self.sheets = AsyncSheets(sheets, self._executor)
        self.hearings = AsyncHearings(hearings, self._executor)
        self.traffic = AsyncTraffic(traffic, self._executor)

    def run(
        self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, T]:
        """Run several calls, one after the other, on one thread."""
        return _running(self._executor, partial(work, *args, **kwargs))

    def close(self) -> None:
        """Wait for the running calls, and start no more."""
        self._executor.shutdown(wait=True)


async def _running(executor: Executor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(executor, work)
