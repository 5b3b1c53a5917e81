"""The keeping of torrents, for the backend: built, started, stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.keeping.holdings import Holdings, held_bytes
from mopidy_vozduxan.keeping.keeper import Keeper, KeepPace
from mopidy_vozduxan.keeping.kept_files import Kept, KeptFiles
from mopidy_vozduxan.streaming.manager import Manager


@dataclass(frozen=True, slots=True)
class KeptProgress:
    """How much of what is kept is here.

    ``held`` has the bytes of each file, by its index; ``trouble`` says why no more is
    fetched.
    """

    kept: Kept
    held: Mapping[int, int]
    is_fetched: bool
    trouble: str | None


class Keeping:
    """What is kept, and how much of it is here.

    ``named`` is what the configuration names. Without :meth:`start` nothing is fetched.
    """

    def __init__(
        self,
        manager: Manager,
        catalog: Catalog,
        disk: DiskStore,
        named: Sequence[str] = (),
    ) -> None:
        self.kept = KeptFiles(catalog, disk, named)
        self.holdings = Holdings(manager.swarms, catalog, disk)
        self.keeper: Keeper | None = None
        self._manager = manager
        self._catalog = catalog

    def start(
        self,
        has_room: Callable[[], bool] = lambda: True,
        pace: KeepPace | None = None,
    ) -> None:
        """Start fetching, on our loop."""
        self.keeper = Keeper(
            self._manager.background,
            self._manager.metadata,
            self._catalog,
            self.kept,
            self.holdings,
            has_room,
            pace or KeepPace(),
        )

    async def progress(self) -> list[KeptProgress]:
        """Return how far everything that is kept is. Raises :class:`StorageFailed`."""
        kept = await asyncio.to_thread(self.kept.look)
        asking = [self.holdings.asking(one.names) for one in kept]
        return await asyncio.to_thread(
            lambda: [self._progress(*pair) for pair in zip(kept, asking, strict=True)]
        )

    def _progress(self, kept: Kept, asking: Callable[[], set[int]]) -> KeptProgress:
        here = held_bytes(kept.metainfo, kept.files, asking()) if kept.metainfo else {}
        if self.keeper and self.keeper.has_whole(kept.keep):
            here = {file.index: file.size for file in kept.files}
        lacks = kept.size is None or sum(here.values()) < kept.size
        keeper = self.keeper if lacks else None
        return KeptProgress(
            kept,
            here,
            is_fetched=keeper is not None and keeper.fetching == kept.keep,
            trouble=keeper.trouble_of(kept.keep.infohash) if keeper else None,
        )

    def look_again(self) -> None:
        """Something is kept, or kept no longer. On our loop."""
        if self.keeper:
            self.keeper.look_again()

    async def close(self) -> None:
        """Stop fetching."""
        if self.keeper:
            await self.keeper.close()
