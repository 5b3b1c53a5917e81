"""A stage for scans: our own parts and real swarms, but no Mopidy process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.cue.chapter_parts import parts_of_chapters
from mopidy_vozduxan.cue.embedded import read_embedded
from mopidy_vozduxan.cue.sheet import best_sheet, read_sheet
from mopidy_vozduxan.engine.parsing import read_torrent
from mopidy_vozduxan.engine.session import LibtorrentEngine
from mopidy_vozduxan.library import playlists_provider as playlists
from mopidy_vozduxan.listener import StreamListener
from mopidy_vozduxan.running import StreamsHere
from mopidy_vozduxan.scanning import lookups
from mopidy_vozduxan.scanning.file_scan import Door
from mopidy_vozduxan.scanning.gst_tags import tags_of, texts_of
from mopidy_vozduxan.scanning.means import Readers
from mopidy_vozduxan.scanning.scanner import Pace
from mopidy_vozduxan.scanning.scanning import Scanning
from mopidy_vozduxan.streaming.limits import Limits
from mopidy_vozduxan.streaming.manager import Manager
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from mopidy_vozduxan.torrent.tags import Tags
from mopidy_vozduxan.web.door import PlayerDoor
from tests.engine.conftest import LOOPBACK
from tests.rig.seeder import Swarm
from tests.rig.torrents import make_torrent
from tests.rig.tracker import Tracker

#: Two busy cores may take this long for anything that is about to happen.
PATIENCE_S = 40.0


class Told:
    """The news of torrents, and a way to wait for them."""

    def __init__(self) -> None:
        self.infohashes: list[str] = []
        self._changed = threading.Condition()

    def send(self, event: str, **kwargs: Any) -> None:
        assert event == "tracks_known"
        with self._changed:
            self.infohashes.append(kwargs["infohash"])
            self._changed.notify_all()

    def wait(self, infohash: str) -> None:
        with self._changed:
            assert self._changed.wait_for(
                lambda: infohash in self.infohashes, PATIENCE_S
            )


class Stage:
    """A context manager: the backend's parts, as far as scans need them."""

    def __init__(
        self,
        folder: Path,
        told: Told,
        scan_tags: str = "opened",
        give_up_s: float = PATIENCE_S,
        pace: Pace = Pace(first=0, pause=0.01, look=0.1),
        **readers: Callable[..., Any],
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.told = told
        self._give_up_s = give_up_s
        self.pictures: dict[int, bytes] = {}
        self.catalog = Catalog(folder / "catalog.db")
        self.bridge = Bridge()
        self._engine = LibtorrentEngine(folder / "torrents", folder / "r", LOOPBACK)
        known: dict[str, Any] = {
            "sheet": read_sheet,
            "best_sheet": best_sheet,
            "embedded": read_embedded,
            "chapters": parts_of_chapters,
            "playlist": partial(playlists.keep, self.catalog),
            "tags": tags_of,
            "texts": texts_of,
            "picture": lambda _, index, data: self.pictures.update({index: data}),
        }
        self.scanning = Scanning(
            scan_tags,
            self.bridge,
            self.catalog,
            Readers(**{**known, **readers}),
            pace=pace,
        )
        self.lengths = self.scanning.lengths

    def __enter__(self) -> Stage:
        self.bridge.start()
        self.manager = Manager(
            self._engine,
            Limits(stall_timeout=self._give_up_s),
            self.bridge.loop.time,
            _nothing,
            _nothing,
        )
        self.bridge.tell(self._engine.start, self.bridge.loop, self.manager.on_event)
        self.door = PlayerDoor(StreamsHere(self.bridge, self.manager.serving))
        self.door.start()
        door = Door(self.door.url_for, self.door.proxy, self.door.jobs)
        self.scanning.start(self.manager.background, door)
        return self

    def __exit__(self, *_: object) -> None:
        self.bridge.stop(20, self._close)
        self.catalog.close()

    async def _close(self) -> None:
        await self.scanning.close()
        await self.manager.close()
        await self.door.stop()

    def add(self, torrent: bytes) -> str:
        metainfo = read_torrent(torrent)
        self.catalog.collection.add(
            TorrentSource(metainfo.infohash, torrent=torrent), metainfo
        )
        return metainfo.infohash

    def look_up(self, infohash: str, seconds: float = PATIENCE_S) -> float:
        """Wait as a lookup does; return how long that took."""
        begin = time.monotonic()
        self.lengths.wait([infohash], begin + seconds)
        return time.monotonic() - begin

    def tags(self, infohash: str) -> list[Tags]:
        """What is shown of a torrent's tracks, in order."""
        layout = self.catalog.tracks.layout(infohash)
        assert layout
        return [track.tags for folder in layout.folders for track in folder.tracks]

    def target(self, infohash: str, index: int) -> Target:
        source, metainfo = (
            self.catalog.torrents.source(infohash),
            self.catalog.torrents.metainfo(infohash),
        )
        assert source
        return Target(source, metainfo, index)

    def held(self, infohash: str) -> set[int]:
        """The pieces that are on disk."""

        async def held() -> set[int]:
            swarm = self.manager.swarms.get(infohash)
            return set(swarm.pieces.held) if swarm else set()

        return self.bridge.ask(held()).result(PATIENCE_S)


def _nothing(*_: object) -> None:
    pass


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Who hears the news; look-ups are patient, for swarms on a busy machine."""
    told = Told()
    monkeypatch.setattr(StreamListener, "send", told.send)
    monkeypatch.setattr(lookups, "STILL_S", PATIENCE_S)
    return told


@contextmanager
def seeded(
    folder: Path, piece_length: int = 64 * 1024, **options: Any
) -> Iterator[tuple[bytes, Swarm]]:
    """Seed what is in a folder; its torrent, and the swarm."""
    with Tracker() as tracker:
        torrent = make_torrent(
            folder, piece_length=piece_length, trackers=[tracker.url]
        )
        with Swarm(torrent, folder.parent, **options) as swarm:
            tracker.peers = swarm.peers
            yield torrent, swarm
