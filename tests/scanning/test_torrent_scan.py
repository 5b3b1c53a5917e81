"""What is read of one torrent, with files that say what the test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from mopidy_vozduxan.cue.chapter_parts import parts_of_chapters
from mopidy_vozduxan.cue.embedded import read_embedded
from mopidy_vozduxan.exceptions import Stalled, SwarmFailed
from mopidy_vozduxan.scanning.gst_tags import tags_of, texts_of
from mopidy_vozduxan.scanning.gstreamer import Scan
from mopidy_vozduxan.scanning.means import Means, Outcome, Readers
from mopidy_vozduxan.scanning.torrent_scan import read_torrent
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile, TorrentSource
from mopidy_vozduxan.torrent.tags import Tags
from tests.fake_engine import INFOHASH

PIECE = 100


def torrent(count: int, *, private: bool = False) -> Metainfo:
    files = tuple(
        TorrentFile(n, f"Album/{n:02}.flac", n * PIECE, PIECE) for n in range(count)
    )
    return Metainfo(INFOHASH, "Album", PIECE, count * PIECE, files, private)


class World:
    """A catalog, a swarm and files in memory."""

    is_playing = False

    def __init__(self, metainfo: Metainfo) -> None:
        self.metainfo_kept = metainfo
        self.scans: dict[int, Scan | Exception | None] = {}
        self.tags: dict[int, Tags] = {}
        self.unreadable: set[int] = set()
        self.left_alone = False
        self.asked: list[int] = []
        self.found = 0

    # the catalog

    async def source(self, infohash: str) -> TorrentSource:
        return TorrentSource(infohash, torrent=b"")

    async def metainfo(self, _: str) -> Metainfo | None:
        return self.metainfo_kept

    async def unscanned(self, _: str, *, tried: bool = False) -> list[int]:
        rest = {file.index for file in self.metainfo_kept.files} - self.tags.keys()
        return sorted(rest - (set() if tried else self.unreadable))

    async def keep_tags(self, _: str, index: int, tags: Tags) -> None:
        self.tags[index] = tags

    async def note_unreadable(self, _: str, index: int) -> None:
        self.unreadable.add(index)

    note_missing = note_unreadable

    async def leave_alone(self, _: str) -> None:
        self.left_alone = True

    # the swarm

    @asynccontextmanager
    async def reading(self, target: Any, _: object) -> AsyncIterator[None]:
        self.asked.append(target.index)
        yield None

    # the files

    async def scan(self, _: object, file: TorrentFile) -> Scan | None:
        scan = self.scans.get(file.index, Scan({"title": [f"T{file.index}"]}, 1000))
        if isinstance(scan, Exception):
            raise scan
        return scan

    def read(self, *, opened: bool = True, budget: int = 10**9) -> Outcome:
        here: Any = self
        unused: Any = None
        readers = Readers(
            sheet=unused,
            best_sheet=unused,
            embedded=read_embedded,
            chapters=parts_of_chapters,
            playlist=unused,
            tags=tags_of,
            texts=texts_of,
            picture=unused,
        )
        catalog: Any = SimpleNamespace(torrents=self, scans=self)
        means = Means(here, catalog, here, readers, self._note, self._note)
        reading = read_torrent(means, INFOHASH, opened=opened, budget=budget)
        return asyncio.run(asyncio.wait_for(reading, 30))[0]

    def _note(self, infohash: str) -> None:
        assert infohash == INFOHASH
        self.found += 1


def test_every_file_is_read_once() -> None:
    world = World(torrent(20))
    assert world.read() is Outcome.DONE
    assert sorted(world.asked) == list(range(20))
    assert [world.tags[n].title for n in range(20)] == [f"T{n}" for n in range(20)]
    assert world.found == 20
    assert world.read() is Outcome.DONE
    assert len(world.asked) == 20


def test_a_file_that_is_not_understood_is_not_asked_for_again_soon() -> None:
    world = World(torrent(3))
    world.scans[1] = None
    assert world.read() is Outcome.DONE
    assert (world.tags.keys(), world.unreadable) == ({0, 2}, {1})


def test_a_file_that_nobody_has_spoils_no_other() -> None:
    world = World(torrent(3))
    world.scans[0] = Stalled("nobody")
    assert world.read() is Outcome.DONE
    assert (world.tags.keys(), world.unreadable) == ({1, 2}, {0})
    assert not world.left_alone


@pytest.mark.parametrize("error", [Stalled("nobody"), SwarmFailed("broken")])
def test_a_dead_swarm_is_left_alone(error: Exception) -> None:
    world = World(torrent(3))
    world.scans = dict.fromkeys(range(3), error)
    assert world.read() is Outcome.DEAD
    assert world.left_alone
    assert world.unreadable == set(), "the files are not to blame"


def test_no_more_than_the_budget_is_asked_for() -> None:
    world = World(torrent(10))
    assert world.read(budget=4 * PIECE) is Outcome.DONE
    assert sorted(world.asked) == [0, 1, 2, 3]
    assert world.left_alone, "the rest tomorrow"


def test_files_that_share_a_piece_cost_it_once() -> None:
    world = World(replace(torrent(10), piece_length=10 * PIECE))
    world.read(budget=10 * PIECE)
    assert len(world.asked) == 10


def test_a_private_torrent_is_read_when_it_is_opened() -> None:
    world = World(torrent(3, private=True))
    assert world.read(opened=False) is Outcome.DONE
    assert (world.asked, world.left_alone) == ([], True)
    world.read(opened=True)
    assert len(world.asked) == 3


def test_without_metadata_it_is_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(torrent(1))
    monkeypatch.setattr(world, "metainfo_kept", None)
    assert world.read() is Outcome.TOO_EARLY


def test_the_tags_of_an_album_tell_their_encoding_together() -> None:
    world = World(torrent(4))
    titles = ["Ночь", "Группа крови", "Звезда по имени Солнце", "Пачка сигарет"]
    for index, title in enumerate(titles):
        misread = title.encode("cp1251").decode("latin-1")
        world.scans[index] = Scan({"title": [misread]}, 1000)
    world.read()
    assert [world.tags[n].title for n in range(4)] == titles
