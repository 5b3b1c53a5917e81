"""The backend: builds the parts, starts and stops them, and opens streams.

Owns the event loop, the manager and the player's door. Its start waits for
nothing; folders are searched by a thread of their own.
"""

from __future__ import annotations

import logging
import pathlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pykka
from mopidy import backend

from mopidy_vozduxan import folders, running
from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.commands.library_commands import LibraryCommands
from mopidy_vozduxan.commands.removal import Removal
from mopidy_vozduxan.commands.streaming_commands import Commands
from mopidy_vozduxan.covers.covers import Covers
from mopidy_vozduxan.covers.kept_pictures import KeptPictures
from mopidy_vozduxan.covers.picture_fetching import PictureFetcher
from mopidy_vozduxan.cue.embedded import read_embedded
from mopidy_vozduxan.cue.sheet import best_sheet, read_sheet
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.parsing import read_with_magnet
from mopidy_vozduxan.engine.session import LibtorrentEngine
from mopidy_vozduxan.engine.settings import settings_from
from mopidy_vozduxan.exceptions import StorageFailed, VozduxanError
from mopidy_vozduxan.frontend import vacate
from mopidy_vozduxan.library import playlists_provider as playlists
from mopidy_vozduxan.library.library_provider import VozduxanLibraryProvider
from mopidy_vozduxan.library.playlists_provider import VozduxanPlaylistsProvider
from mopidy_vozduxan.listener import StreamListener
from mopidy_vozduxan.network.binding import Binding
from mopidy_vozduxan.playback.playback_provider import VozduxanPlaybackProvider
from mopidy_vozduxan.playback.player import Player
from mopidy_vozduxan.playback.targets import Targets
from mopidy_vozduxan.scanning.file_scan import Door
from mopidy_vozduxan.scanning.gst_tags import tags_of, texts_of
from mopidy_vozduxan.scanning.means import Readers
from mopidy_vozduxan.scanning.scanner import Pace
from mopidy_vozduxan.scanning.scanning import Scanning
from mopidy_vozduxan.sources.adding import Adder
from mopidy_vozduxan.sources.fetching import Fetcher
from mopidy_vozduxan.sources.torrent_dirs import TorrentDirs
from mopidy_vozduxan.sources.watching import Watcher
from mopidy_vozduxan.streaming.limits import Limits
from mopidy_vozduxan.streaming.manager import Manager
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from mopidy_vozduxan.torrent.uris import SCHEMES
from mopidy_vozduxan.version import __version__
from mopidy_vozduxan.web import server_file
from mopidy_vozduxan.web.door import PlayerDoor

if TYPE_CHECKING:
    from mopidy_vozduxan.engine.protocol import MetadataReceived
    from mopidy_vozduxan.torrent.metainfo import Metainfo

logger = logging.getLogger(__name__)

#: How long a message to our loop may take before core goes on without us.
LOOP_ANSWERS_S = 2.0
CLOSE_S = 10.0
#: Of more torrents at a time nobody is told one by one.
MOST_NEWS = 50


class VozduxanBackend(pykka.ThreadingActor, backend.Backend):
    """Plays ``vozduxan:`` and ``magnet:`` URIs.

    ``more_asked`` tells whether core has asked for more than what is answered now.
    """

    uri_schemes = SCHEMES

    def __init__(
        self, config: Any, audio: Any, more_asked: Callable[[], bool] = lambda: False
    ):
        super().__init__()
        self._config = config[folders.NAME]
        self._data_dir = data_dir = folders.data_dir(config)
        cache_dir = folders.cache_dir(config)
        self.catalog = Catalog(data_dir / "catalog.db")
        self._kept_pictures = KeptPictures(cache_dir / "images")
        self.covers = Covers(self.catalog, self._kept_pictures)
        self.bridge = Bridge()
        self._disk = DiskStore.within(cache_dir, data_dir)
        self._engine = LibtorrentEngine(
            self._disk.data_dir, self._disk.resume_dir, settings_from(self._config)
        )
        self._workers = ThreadPoolExecutor(2, thread_name_prefix="VozduxanWorker")
        self._stopping = threading.Event()
        self._scanning = self._make_scanning()
        self._binding = Binding(self._config["listen_interfaces"])
        agent = f"Mopidy-Vozduxan/{__version__}"
        fetcher = Fetcher(config["proxy"], agent, self._binding)
        self.adder = Adder(
            self.catalog,
            read_with_magnet,
            self.bridge.ask,
            lambda source: self.manager.metadata.fetch(source),
            fetcher.fetch,
            self._describe_swarms,
        )
        lengths = self._scanning.lengths
        self.targets = Targets(self.catalog, self.adder, lengths)
        self.library = VozduxanLibraryProvider(
            self,
            self.catalog,
            self.adder,
            self._seconds("lookup_timeout"),
            self.covers,
            lengths,
            lambda: self._watcher.look_soon(),
            more_asked,
        )
        self.playlists = VozduxanPlaylistsProvider(self, self.catalog)
        self.playback = VozduxanPlaybackProvider(audio, self)
        self.audio = audio
        self._watcher = self._make_watcher()
        self.catalog.on_damaged = self._watcher.look_soon

    def on_start(self) -> None:
        """Start the loop, the engine and the door, and look for torrents."""
        self.bridge.start()
        self.manager = Manager(
            self._engine, self._limits(), self.bridge.loop.time, _failed, self._learned
        )
        self.bridge.tell(self._engine.start, self.bridge.loop, self.manager.on_event)
        self.player = Player(self.audio, self.bridge, self.manager, self.targets.named)
        me = running.Running(
            self.bridge,
            self.manager.serving,
            self.player,
            commands=partial(
                Commands, self.manager, self.catalog, read_with_magnet, _released
            ),
            library=LibraryCommands(
                self.manager,
                self.catalog,
                self._disk,
                self.adder,
                Removal(vacate, self._scanning.forget, self.covers.forget),
                self._binding,
                read_with_magnet,
            ),
            progress=self.manager.preparing.progress,
            provider=self.library,
            pictures=PictureFetcher(
                self.catalog,
                self.covers,
                self._kept_pictures,
                self.manager.background.read_file,
                self.bridge.loop.time,
            ),
        )
        self.door = PlayerDoor(me)
        self.door.start()
        running.announce(me)
        server_file.write(self._data_dir, self.door.address)
        door = Door(self.door.url_for, self.door.proxy, self.door.jobs)
        self._scanning.start(self.manager.background, door)
        self._watcher.start()

    def on_stop(self) -> None:
        """Stop in the other order: no requests, no streams, no swarms."""
        running.withdraw()
        server_file.remove(self._data_dir, self.door.address)
        self._watcher.stop()
        self.bridge.stop(CLOSE_S, self._close)
        self._workers.shutdown(wait=True, cancel_futures=True)
        self.catalog.close()

    async def _close(self) -> None:
        await self._scanning.close()
        await self.manager.close()
        await self.door.stop()

    def _make_scanning(self) -> Scanning:
        readers = Readers(
            sheet=read_sheet,
            best_sheet=best_sheet,
            embedded=read_embedded,
            playlist=partial(playlists.keep, self.catalog),
            tags=tags_of,
            texts=texts_of,
            picture=self.covers.keep_embedded,
        )
        scan_tags = self._config["scan_tags"]
        return Scanning(scan_tags, self.bridge, self.catalog, readers, pace=Pace())

    def _make_watcher(self) -> Watcher:
        folders = [pathlib.Path(folder) for folder in self._config["torrent_dirs"]]
        torrents = TorrentDirs(
            folders,
            self.catalog,
            read_with_magnet,
            time.monotonic,
            self._stopping,
            self._came,
        )
        return Watcher(folders, torrents, self._stopping, self._mend_catalog)

    def _limits(self) -> Limits:
        return Limits(
            stall_timeout=self._seconds("stall_timeout"),
            metadata_timeout=self._seconds("metadata_timeout"),
            fast_start_timeout=self._seconds("fast_start_timeout"),
            readahead=self._seconds("readahead"),
            queue_heads=int(self._config["queue_heads_max_size"]) * 1_000_000,
        )

    def _seconds(self, key: str) -> float:
        return float(self._config[key])

    # --- for the providers, on the backend's own thread

    def open_stream(self, target: Target, uri: str, *, asked: bool) -> str:
        """Make a file the current stream; return its token at once.

        ``asked`` says that a listener asks for it. Raises :class:`VozduxanError`
        where it cannot be played.
        """

        async def play() -> str:
            return self.manager.play(target, uri, asked=asked)

        return self.bridge.ask(play()).result(LOOP_ANSWERS_S)

    # --- on other threads

    def _mend_catalog(self) -> None:
        """Bring back what older versions, or damage, left out of the catalog."""
        self.catalog.complete(self._stopping)
        count = self.catalog.recover(read_with_magnet)
        if count:
            logger.info("Vozduxan: %d torrents of the damaged catalog are back", count)
        self.library.prepare()

    def _came(self, infohashes: Sequence[str]) -> None:
        """Say that torrents are known, unless there is a whole collection of them."""
        self._describe_swarms()
        if len(infohashes) <= MOST_NEWS:
            for infohash in infohashes:
                StreamListener.send("tracks_known", infohash=infohash)

    def _describe_swarms(self) -> None:
        """Have swarms that wait for metadata look whether it came another way."""
        self.bridge.ask(self.manager.metadata.tell_swarms(self._known))

    def _known(self, infohash: str) -> tuple[TorrentSource, Metainfo] | None:
        try:
            source = self.catalog.source(infohash)
            metainfo = self.catalog.metainfo(infohash)
        except StorageFailed as exc:
            logger.debug("Nothing is known of %s: %s", infohash, exc)
            return None
        return (source, metainfo) if source and metainfo else None

    def _learned(self, event: MetadataReceived) -> None:
        """Keep metadata that a swarm gave us."""
        self._workers.submit(self._keep, event)

    def _keep(self, event: MetadataReceived) -> None:
        try:
            source = TorrentSource(event.infohash, torrent=event.torrent)
            self.catalog.learn(source, event.metainfo)
            infohash = event.metainfo.infohash
            StreamListener.send("tracks_known", infohash=infohash)
        except VozduxanError as exc:
            name = event.metainfo.name
            logger.error("Vozduxan: What “%s” holds could not be kept: %s", name, exc)
        except Exception:
            logger.exception("Vozduxan: Metadata could not be kept")


def _failed(token: str, uri: str, reason: str) -> None:
    StreamListener.send("stream_failed", token=token, uri=uri, reason=reason)


def _released(token: str) -> None:
    StreamListener.send("stream_released", token=token)
