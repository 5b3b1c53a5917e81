"""All parts of the backend, built from the configuration, started and stopped.

Every part gets what it needs when it is built. Nothing runs before
:meth:`Parts.start`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mopidy_vozduxan import folders, running
from mopidy_vozduxan.assembly import CLOSE_S, Record, Streaming, adder_of, proxy_in
from mopidy_vozduxan.commands.keeping_commands import KeepingCommands
from mopidy_vozduxan.commands.library_commands import LibraryCommands
from mopidy_vozduxan.commands.network_state import NetworkState
from mopidy_vozduxan.commands.removal import Removal
from mopidy_vozduxan.commands.streaming_commands import Commands
from mopidy_vozduxan.covers.covers import Covers
from mopidy_vozduxan.covers.picture_fetching import PictureFetcher
from mopidy_vozduxan.cue.chapter_parts import parts_of_chapters
from mopidy_vozduxan.cue.embedded import read_embedded
from mopidy_vozduxan.cue.sheet import best_sheet, read_sheet
from mopidy_vozduxan.engine import proxied
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.parsing import read_with_magnet
from mopidy_vozduxan.engine.session import LibtorrentEngine
from mopidy_vozduxan.engine.settings import settings_from
from mopidy_vozduxan.engine.survey import Survey
from mopidy_vozduxan.keeping.exporting import Exporter
from mopidy_vozduxan.keeping.keeping import Keeping
from mopidy_vozduxan.library import playlists_provider as playlists
from mopidy_vozduxan.library.library_provider import VozduxanLibraryProvider
from mopidy_vozduxan.library.playlists_provider import VozduxanPlaylistsProvider
from mopidy_vozduxan.listener import StreamListener, vacate
from mopidy_vozduxan.network.binding import Binding
from mopidy_vozduxan.network.interfaces import listening_of
from mopidy_vozduxan.network.network_limits import NetworkLimits
from mopidy_vozduxan.network.proxying import Proxy
from mopidy_vozduxan.playback.playback_provider import VozduxanPlaybackProvider
from mopidy_vozduxan.playback.player import Player
from mopidy_vozduxan.playback.targets import Targets
from mopidy_vozduxan.running import Running
from mopidy_vozduxan.scanning.file_scan import Door
from mopidy_vozduxan.scanning.gst_tags import tags_of, texts_of
from mopidy_vozduxan.scanning.means import Readers
from mopidy_vozduxan.scanning.scanner import Pace
from mopidy_vozduxan.scanning.scanning import Scanning
from mopidy_vozduxan.sources.mending import Mender
from mopidy_vozduxan.sources.metadata_exchange import FromSwarms, ToSwarms
from mopidy_vozduxan.sources.torrent_dirs import TorrentDirs
from mopidy_vozduxan.sources.watching import Watcher
from mopidy_vozduxan.streaming.history import History
from mopidy_vozduxan.streaming.limits import Limits, cache_wishes_of
from mopidy_vozduxan.web import server_file
from mopidy_vozduxan.web.door import PlayerDoor


@dataclass(frozen=True, slots=True)
class Host:
    """What the backend's actor provides.

    ``more_asked`` says whether core has asked for more than the current call.
    """

    backend: object
    audio: Any
    more_asked: Callable[[], bool]


class Parts:
    """All parts that the backend starts and stops. Raises :class:`StorageFailed`."""

    def __init__(self, config: Any, host: Host) -> None:
        ours = config[folders.NAME]
        self._data_dir = folders.data_dir(config)
        self._record = record = Record.of(config)
        self._catalog = catalog = record.catalog
        self._from_swarms = FromSwarms(catalog)
        self._history = History(catalog)
        self._wishes = cache_wishes_of(ours)
        survey = record.survey(self._wishes, lambda *f: self._keeping.kept.holds(*f))
        self._streaming = _streaming(
            ours,
            proxy_in(config),
            record.disk,
            self._from_swarms,
            self._history,
            survey,
        )
        self._bridge, self._manager = self._streaming.bridge, self._streaming.manager
        self._binding = Binding(listening_of(ours))
        self._network = NetworkState(
            self._binding,
            NetworkLimits.of(ours),
            self._streaming.engine.limit,
            proxy_in(config),
        )
        self._to_swarms = ToSwarms(catalog, self._bridge, self._manager.metadata)
        self._adder = adder_of(
            config,
            catalog,
            self._streaming,
            self._from_swarms,
            self._binding,
            self._to_swarms.tell,
        )
        self._covers = Covers(catalog, record.pictures)
        self._scanning = self._scanning_of(ours["scan_tags"])
        self._keeping = Keeping(self._manager, catalog, record.disk, ours["keep"])
        self._exporter = Exporter(
            self._manager.background,
            catalog,
            record.disk,
            self._keeping.holdings,
            (self._data_dir, record.disk.data_dir.parent),
        )
        targets = Targets(catalog, self._adder, self._scanning.lengths)
        self._player = Player(host.audio, self._bridge, self._manager, targets.named)
        self._look, self._stopping = threading.Event(), threading.Event()
        self.library = self._library_of(ours, host)
        self.playlists = VozduxanPlaylistsProvider(host.backend, catalog)
        self._watcher = self._watcher_of(ours["torrent_dirs"])
        self._running = self._running_of()
        self._door = PlayerDoor(self._running)
        self.playback = VozduxanPlaybackProvider(
            host.audio, host.backend, self._player, targets.named, self._door.url_for
        )
        catalog.on_damaged = self._watcher.look_soon

    def start(self) -> None:
        """Start the loop, the engine and the door, and start looking for torrents."""
        self._streaming.start()
        self._door.start()
        running.announce(self._running)
        server_file.write(self._data_dir, self._door.address)
        door = Door(self._door.url_for, self._door.proxy, self._door.jobs)
        self._scanning.start(self._manager.background, door)
        self._watcher.start()
        cache = self._manager.cache
        self._bridge.tell(self._keeping.start, lambda: cache.has_room)
        self._bridge.tell(cache.start)

    def stop(self) -> None:
        """Stop whatever has started, in reverse: requests, streams, swarms."""
        running.withdraw()
        server_file.remove(self._data_dir, self._door.address)
        self._watcher.stop()
        self._bridge.stop(CLOSE_S, self._close)
        self._catalog.close()

    async def _close(self) -> None:
        await self._scanning.close()
        await self._keeping.close()
        await self._exporter.close()
        await self._manager.close()
        await self._door.stop()
        await self._from_swarms.close()
        await self._history.close()

    def _leave(self, infohash: str) -> None:
        self._scanning.forget(infohash)
        self._keeping.look_again()

    def _scanning_of(self, scan_tags: str) -> Scanning:
        readers = Readers(
            sheet=read_sheet,
            best_sheet=best_sheet,
            embedded=read_embedded,
            chapters=parts_of_chapters,
            playlist=partial(playlists.keep, self._catalog),
            tags=tags_of,
            texts=texts_of,
            picture=self._covers.keep_embedded,
        )
        return Scanning(scan_tags, self._bridge, self._catalog, readers, pace=Pace())

    def _library_of(
        self, ours: Mapping[str, Any], host: Host
    ) -> VozduxanLibraryProvider:
        return VozduxanLibraryProvider(
            host.backend,
            self._catalog,
            self._adder,
            float(ours["lookup_timeout"]),
            self._covers,
            self._scanning.lengths,
            self._look.set,
            host.more_asked,
        )

    def _watcher_of(self, torrent_dirs: Any) -> Watcher:
        dirs = [Path(folder) for folder in torrent_dirs]
        stopping, came = self._stopping, self._to_swarms.came
        torrents = TorrentDirs(
            dirs, self._catalog, read_with_magnet, time.monotonic, stopping, came
        )
        mender = Mender(self._catalog, read_with_magnet, stopping, self.library.prepare)
        return Watcher(dirs, torrents, stopping, mender.mend, self._look)

    def _running_of(self) -> Running:
        return Running(
            self._bridge,
            self._manager.serving,
            streaming_commands=partial(
                Commands, self._manager, self._catalog, read_with_magnet, _released
            ),
            library_commands=LibraryCommands(
                self._manager,
                self._catalog,
                self._record.disk,
                self._adder,
                Removal(
                    vacate,
                    self._leave,
                    self._covers.forget,
                    self._keeping.kept.torrents,
                ),
                self._network,
                read_with_magnet,
                self._keeping,
                self._wishes,
            ),
            keeping_commands=KeepingCommands(
                self._catalog,
                self._record.disk,
                self._keeping,
                self._adder,
                self._exporter,
            ),
            progress=self._manager.preparing.progress,
            pictures=PictureFetcher(
                self._catalog,
                self._covers,
                self._record.pictures,
                self._manager.background.read_file,
                self._bridge.time,
            ),
            library=self.library,
            player=self._player,
        )


def _streaming(
    ours: Mapping[str, Any],
    proxy: Proxy | None,
    disk: DiskStore,
    from_swarms: FromSwarms,
    history: History,
    survey: Survey,
) -> Streaming:
    engine = LibtorrentEngine(
        disk.data_dir,
        disk.resume_dir,
        {**settings_from(ours), **proxied.settings_of(proxy)},
        [Path(folder) for folder in ours["data_dirs"]],
        NetworkLimits.of(ours),
        ours["trackers"],
    )
    return Streaming.of(
        engine,
        Limits.of(ours),
        from_swarms.learned,
        _failed,
        history,
        survey,
    )


def _failed(token: str, uri: str, reason: str) -> None:
    StreamListener.send("stream_failed", token=token, uri=uri, reason=reason)


def _released(token: str) -> None:
    StreamListener.send("stream_released", token=token)
