"""Builds what the backend, the command line and benchmarks have in common.

Every part gets what it needs when it is built. Nothing runs before it is started. What
only the backend has is in :mod:`mopidy_vozduxan.backend_parts`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mopidy_vozduxan import folders
from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.covers.kept_pictures import KeptPictures
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.parsing import read_with_magnet
from mopidy_vozduxan.engine.protocol import Engine, MetadataReceived
from mopidy_vozduxan.engine.survey import Known, Survey
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.network.binding import Binding
from mopidy_vozduxan.network.proxying import Proxy, proxy_of
from mopidy_vozduxan.planning.eviction import CacheWishes
from mopidy_vozduxan.sources.adding import Adder
from mopidy_vozduxan.sources.fetching import Fetcher
from mopidy_vozduxan.sources.metadata_exchange import FromSwarms
from mopidy_vozduxan.streaming.history import History
from mopidy_vozduxan.streaming.limits import Limits
from mopidy_vozduxan.streaming.manager import Manager
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentSource
from mopidy_vozduxan.version import __version__

CLOSE_S = 10.0
#: The catalog's file in our data folder.
CATALOG = "catalog.db"


@dataclass(frozen=True, slots=True)
class Record:
    """What we keep on disk: torrents and tags, pictures, and the data of swarms."""

    catalog: Catalog
    pictures: KeptPictures
    disk: DiskStore

    def survey(self, wishes: CacheWishes, keeps: Callable[[str, int], bool]) -> Survey:
        """Return what looks at the cache; ``keeps`` says what never leaves it."""
        torrents = self.catalog.torrents

        def known(infohash: str) -> Known:
            source = torrents.source(infohash)
            name = torrents.name_of(infohash)
            return Known(name, source.torrent if source else None)

        past = self.catalog.hearings
        return Survey(self.disk, wishes, known, past.last, keeps, past.now)

    @classmethod
    def of(cls, config: Any) -> Record:
        """Open the record that ``config`` names; what is not there is waited for."""
        catalog = Catalog(folders.data_dir(config) / CATALOG, patient=True)
        pictures = KeptPictures(folders.cache_dir(config) / "images")
        return cls(catalog, pictures, disk_of(config))


def disk_of(config: Any) -> DiskStore:
    """Return what is on disk of torrents, by the folders that ``config`` names."""
    data = folders.cache_dir(config) / "torrents"
    return DiskStore(data, folders.resume_dir(config))


@dataclass(frozen=True, slots=True)
class Streaming:
    """Our loop, with the engine and the manager that live on it."""

    bridge: Bridge
    engine: Engine
    manager: Manager

    @classmethod
    def of(
        cls,
        engine: Engine,
        limits: Limits,
        learned: Callable[[MetadataReceived], None],
        failed: Callable[[str, str, str], None] = lambda *_: None,
        history: History | None = None,
        survey: Survey | None = None,
    ) -> Streaming:
        """Build and connect them; see :class:`Manager`."""
        bridge = Bridge()
        keeps: dict[str, Any] = {"survey": survey}
        if history:
            keeps |= {"heard": history.heard, "counted": history.counted}
        manager = Manager(engine, limits, bridge.time, failed, learned, **keeps)
        return cls(bridge, engine, manager)

    def start(self) -> None:
        """Start the loop, and the engine on it."""
        self.bridge.start()
        self.bridge.tell(self.engine.start, self.bridge.loop, self.manager.on_event)


def proxy_in(config: Any) -> Proxy | None:
    """Return the proxy for torrents. Raises :class:`BadInput` if it is none.

    Nothing starts then: without its proxy nothing may leave.
    """
    try:
        return proxy_of(config[folders.NAME].get("proxy"), config["proxy"])
    except ValueError as exc:
        raise BadInput(f"The setting vozduxan/proxy {exc}.") from exc


def adder_of(
    config: Any,
    catalog: Catalog,
    streaming: Streaming,
    from_swarms: FromSwarms,
    binding: Binding,
    came: Callable[[], None] = lambda: None,
) -> Adder:
    """Return the adder that fetches from swarms and web servers."""
    agent = f"Mopidy-Vozduxan/{__version__}"
    proxy = proxy_in(config)
    through = proxy.url if proxy else ""
    fetcher = Fetcher(config["proxy"], agent, binding, through=through)

    async def fetch_metainfo(source: TorrentSource) -> Metainfo:
        metainfo = await streaming.manager.metadata.fetch(source)
        await from_swarms.kept(metainfo.infohash)
        return metainfo

    return Adder(
        catalog,
        read_with_magnet,
        streaming.bridge.ask,
        fetch_metainfo,
        fetcher.fetch,
        came,
    )
