"""The same commands while no Mopidy runs, on the catalog and the data themselves."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from mopidy_vozduxan import folders
from mopidy_vozduxan.assembly import (
    CATALOG,
    CLOSE_S,
    Record,
    Streaming,
    adder_of,
    disk_of,
    proxy_in,
)
from mopidy_vozduxan.catalog.keeps import names_kept
from mopidy_vozduxan.commands.keeping_commands import (
    KEEPING_COMMANDS,
    KeepingCommands,
)
from mopidy_vozduxan.commands.library_commands import LibraryCommands
from mopidy_vozduxan.commands.network_state import NetworkState
from mopidy_vozduxan.commands.removal import Removal
from mopidy_vozduxan.commands.streaming_commands import Result
from mopidy_vozduxan.engine.parsing import read_with_magnet
from mopidy_vozduxan.engine.sleeping_engine import SleepingEngine, guest_engine
from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.keeping.keeping import Keeping
from mopidy_vozduxan.network.binding import Binding
from mopidy_vozduxan.network.interfaces import listening_of
from mopidy_vozduxan.network.network_limits import NetworkLimits
from mopidy_vozduxan.sources.metadata_exchange import FromSwarms
from mopidy_vozduxan.streaming.limits import Limits, cache_wishes_of


class Alone:
    """The commands, in this process. Always call ``close``."""

    running = False

    def __init__(self, config: Any) -> None:
        _check_owner(folders.data_dir(config))
        ours = config[folders.NAME]
        self._record = record = Record.of(config)
        self._from_swarms = FromSwarms(record.catalog)
        proxy = proxy_in(config)
        make = partial(guest_engine, ours, proxy)
        engine = SleepingEngine(make, record.disk)
        limits = Limits.of(ours)
        self._streaming = Streaming.of(engine, limits, self._from_swarms.learned)
        keeping = Keeping(
            self._streaming.manager, record.catalog, record.disk, ours["keep"]
        )
        binding = Binding(listening_of(ours))
        adder = adder_of(
            config, record.catalog, self._streaming, self._from_swarms, binding
        )
        self._keeping = KeepingCommands(record.catalog, record.disk, keeping, adder)
        self._commands = LibraryCommands(
            self._streaming.manager,
            record.catalog,
            record.disk,
            adder,
            Removal(forget=record.pictures.forget),
            NetworkState(binding, NetworkLimits.of(ours), engine.limit, proxy),
            read_with_magnet,
            keeping,
            cache_wishes_of(ours),
            running=False,
        )
        self._streaming.start()

    def call(self, command: str, **given: object) -> Result:
        """Return the command's answer. Raises what the command raises."""
        ours = self._keeping if command in KEEPING_COMMANDS else self._commands
        return self._streaming.bridge.ask(ours.run(command, given)).result()

    def close(self) -> None:
        """End everything, and keep the metadata that came."""
        self._streaming.bridge.stop(CLOSE_S, self._close)
        self._record.catalog.close()

    async def _close(self) -> None:
        await self._streaming.manager.close()
        await self._from_swarms.close()


class Purge:
    """``purge`` while no Mopidy runs. Nothing is in use then.

    On a full disk SQLite cannot open the catalog, and purging is what makes room. So
    what is kept is read without writing.
    """

    running = False

    def __init__(self, config: Any) -> None:
        data_dir = folders.data_dir(config)
        _check_owner(data_dir)
        self._disk = disk_of(config)
        self._catalog = data_dir / CATALOG
        self._named = config[folders.NAME]["keep"]

    def call(self, command: str, **_: object) -> Result:
        """Return the answer of ``torrent_purge``. Raises :class:`StorageFailed`."""
        kept = names_kept(self._catalog, self._named)
        sizes = {n: size for n, size in self._disk.sizes().items() if n not in kept}
        for infohash in sizes:
            self._disk.delete(infohash)
        return {"torrents": len(sizes), "freedBytes": sum(sizes.values())}

    def close(self) -> None:
        """Nothing is kept open."""


def _check_owner(folder: Path) -> None:
    """Refuse to leave root's files in the folders of another user's Mopidy."""
    if os.geteuid() == 0 and _owner_of(folder) != 0:
        raise StorageFailed(f"{folder} belongs to another user; run this as that user.")


def _owner_of(folder: Path) -> int:
    return folder.stat().st_uid
