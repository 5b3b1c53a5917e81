"""The same commands while no Mopidy runs, on the catalog and the data themselves.

A torrent session is opened only to fetch the metadata of a magnet link. It keeps
nothing on disk, so it never collides with a server that starts meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mopidy_vozduxan import folders
from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.commands.library_commands import LibraryCommands
from mopidy_vozduxan.commands.removal import Removal
from mopidy_vozduxan.commands.streaming_commands import Result
from mopidy_vozduxan.covers.kept_pictures import KeptPictures
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.parsing import read_with_magnet
from mopidy_vozduxan.engine.protocol import Engine, Event, MetadataReceived
from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.network.binding import Binding
from mopidy_vozduxan.planning.plan import Changes, Plan
from mopidy_vozduxan.sources.adding import Adder
from mopidy_vozduxan.sources.fetching import Fetcher
from mopidy_vozduxan.streaming.limits import Limits
from mopidy_vozduxan.streaming.manager import Manager
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from mopidy_vozduxan.version import __version__

CLOSE_S = 10.0


class Alone:
    """The commands, in this process. Always call ``close``."""

    running = False

    def __init__(self, config: Any) -> None:
        data_dir = folders.data_dir(config)
        cache_dir = folders.cache_dir(config)
        _check_owner(data_dir)
        self._catalog = Catalog(data_dir / "catalog.db")
        self._keeper = ThreadPoolExecutor(1, "VozduxanKeeper")
        self._bridge = Bridge()
        self._bridge.start()
        disk = DiskStore.within(cache_dir, data_dir)
        self._manager = self._make_manager(config, disk)
        binding = Binding(config[folders.NAME]["listen_interfaces"])
        agent = f"Mopidy-Vozduxan/{__version__}"
        fetcher = Fetcher(config["proxy"], agent, binding)
        adder = Adder(
            self._catalog,
            read_with_magnet,
            self._bridge.ask,
            self._manager.metadata.fetch,
            fetcher.fetch,
        )
        pictures = KeptPictures(cache_dir / "images")
        self._commands = LibraryCommands(
            self._manager,
            self._catalog,
            disk,
            adder,
            Removal(forget=pictures.forget),
            binding,
            read_with_magnet,
            running=False,
        )

    def call(self, command: str, **given: object) -> Result:
        """Return the command's answer. Raises what the command raises."""
        return self._bridge.ask(self._commands.run(command, given)).result()

    def close(self) -> None:
        """End everything, and keep the metadata that came."""
        self._bridge.stop(CLOSE_S, self._manager.close)
        self._keeper.shutdown(wait=True)
        self._catalog.close()

    def _make_manager(self, config: Any, disk: DiskStore) -> Manager:
        ours = config[folders.NAME]
        engine = SleepingEngine(lambda folder: _own_engine(ours, folder), disk)
        limits = Limits(metadata_timeout=float(ours["metadata_timeout"]))
        manager = Manager(
            engine, limits, self._bridge.loop.time, lambda *_: None, self._learned
        )
        self._bridge.tell(engine.start, self._bridge.loop, manager.on_event)
        return manager

    def _learned(self, event: MetadataReceived) -> None:
        source = TorrentSource(event.infohash, torrent=event.torrent)
        self._keeper.submit(self._catalog.learn, source, event.metainfo)


class Purge:
    """``purge`` while no Mopidy runs. Nothing is in use then, so it needs no catalog.

    On a full disk SQLite cannot open the catalog, and purging is what makes room.
    """

    running = False

    def __init__(self, config: Any) -> None:
        data_dir = folders.data_dir(config)
        _check_owner(data_dir)
        self._disk = DiskStore.within(folders.cache_dir(config), data_dir)

    def call(self, command: str, **_: object) -> Result:
        """Return the answer of ``torrent_purge``. Raises :class:`StorageFailed`."""
        sizes = self._disk.sizes()
        for infohash in sizes:
            self._disk.delete(infohash)
        return {"torrents": len(sizes), "freedBytes": sum(sizes.values())}

    def close(self) -> None:
        """Nothing is kept open."""


class SleepingEngine:
    """An engine that opens its session when the first swarm is joined.

    Deletions affect ``disk``. The session has its own folders, which are deleted with
    it.
    """

    def __init__(self, make: Callable[[Path], Engine], disk: DiskStore) -> None:
        self._make = make
        self._disk = disk
        self._awake: Engine | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._watched: tuple[frozenset[str], bool] = frozenset(), False

    def start(
        self, loop: asyncio.AbstractEventLoop, on_event: Callable[[Event], None]
    ) -> None:
        self._loop, self._on_event = loop, on_event

    def add(self, source: TorrentSource, plan: Plan | None) -> None:
        if self._awake is None:
            self._folder = tempfile.TemporaryDirectory(prefix="vozduxan-")
            self._awake = self._make(Path(self._folder.name))
            self._awake.start(self._loop, self._on_event)
            watched, waiting = self._watched
            self._awake.watch(watched, waiting=waiting)
        self._awake.add(source, plan)

    def apply(self, infohash: str, changes: Changes) -> None:
        if self._awake:
            self._awake.apply(infohash, changes)

    def read_piece(self, infohash: str, piece: int) -> None:
        if self._awake:
            self._awake.read_piece(infohash, piece)

    def watch(self, infohashes: frozenset[str], *, waiting: bool) -> None:
        self._watched = infohashes, waiting
        if self._awake:
            self._awake.watch(infohashes, waiting=waiting)

    def meet(self, infohash: str) -> None:
        """Do nothing: no peers are needed."""

    def reconnect(self, infohash: str) -> None:
        if self._awake:
            self._awake.reconnect(infohash)

    def remove(
        self, infohash: str, *, delete_data: bool = False
    ) -> asyncio.Future[None]:
        if self._awake:
            self._awake.remove(infohash, delete_data=delete_data)
        if delete_data:
            return self._loop.run_in_executor(None, self._disk.delete, infohash)
        done = self._loop.create_future()
        done.set_result(None)
        return done

    async def close(self) -> None:
        if self._awake:
            await self._awake.close()
        if self._folder:
            self._folder.cleanup()


def _check_owner(folder: Path) -> None:
    """Refuse to leave root's files in the folders of another user's Mopidy."""
    if os.geteuid() == 0 and _owner_of(folder) != 0:
        raise StorageFailed(f"{folder} belongs to another user; run this as that user.")


def _owner_of(folder: Path) -> int:
    return folder.stat().st_uid


def _own_engine(config: Any, folder: Path) -> Engine:
    from mopidy_vozduxan.engine.session import LibtorrentEngine
    from mopidy_vozduxan.engine.settings import settings_from

    overrides = {**settings_from(config), **_GUEST}
    interfaces = str(overrides["listen_interfaces"])
    overrides["listen_interfaces"] = any_port(interfaces)
    return LibtorrentEngine(folder / "data", folder / "resume", overrides)


def any_port(interfaces: str) -> str:
    """Return the same interfaces with any free port: the server uses theirs."""
    hosts = (one.strip().rpartition(":")[0] for one in interfaces.split(","))
    return ",".join(f"{host}:0" for host in hosts)


#: The session lives for seconds, so no router needs to open a port.
_GUEST = {"enable_upnp": False, "enable_natpmp": False}
