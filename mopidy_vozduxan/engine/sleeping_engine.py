"""An engine for one command of the command line.

A torrent session is opened only to fetch the metadata of a magnet link. It keeps
nothing on disk, so it never collides with a server that starts meanwhile.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import Any

from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.protocol import Engine, Event
from mopidy_vozduxan.network.network_limits import NetworkLimits
from mopidy_vozduxan.network.proxying import Proxy
from mopidy_vozduxan.planning.plan import Changes, Plan
from mopidy_vozduxan.torrent.metainfo import TorrentSource


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

    def limit(self, limits: NetworkLimits) -> None:
        """Do nothing: metadata is small."""

    def yield_uploads(self, on: bool) -> None:
        """Do nothing: nothing plays."""

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

    def evict(
        self, source: TorrentSource, files: Set[int], spared: Set[int]
    ) -> asyncio.Future[None]:
        """Do nothing: nothing is kept on disk."""
        return self.remove(source.infohash)

    async def close(self) -> None:
        if self._awake:
            await self._awake.close()
        if self._folder:
            self._folder.cleanup()


def guest_engine(
    config: Mapping[str, Any], proxy: Proxy | None, folder: Path
) -> Engine:
    """Return an engine with these folders that takes no port from a server."""
    from mopidy_vozduxan.engine.proxied import settings_of
    from mopidy_vozduxan.engine.session import LibtorrentEngine
    from mopidy_vozduxan.engine.settings import settings_from

    overrides = {**settings_from(config), **_GUEST, **settings_of(proxy)}
    interfaces = str(overrides["listen_interfaces"])
    overrides["listen_interfaces"] = any_port(interfaces)
    limits = NetworkLimits.of(config)
    return LibtorrentEngine(
        folder / "data", folder / "resume", overrides, limits=limits
    )


def any_port(interfaces: str) -> str:
    """Return the same interfaces with any free port: the server uses theirs."""
    hosts = (one.strip().rpartition(":")[0] for one in interfaces.split(","))
    return ",".join(f"{host}:0" for host in hosts)


#: The session lives for seconds, so no router needs to open a port.
_GUEST = {"enable_upnp": False, "enable_natpmp": False}
