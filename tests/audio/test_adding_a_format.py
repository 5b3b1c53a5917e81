"""A format is added in one place: all others ask the table.

The made-up format Quux stands for the next one.
"""

from __future__ import annotations

import ast
import asyncio
import dataclasses
from collections.abc import Awaitable, Iterator
from pathlib import Path

import pytest

import mopidy_vozduxan
from mopidy_vozduxan.audio import formats
from mopidy_vozduxan.audio.answering import Asking, answered_by
from mopidy_vozduxan.audio.container import Container, Format
from mopidy_vozduxan.audio.divisible import Divisible, SpannedFile
from mopidy_vozduxan.audio.lengths import believed_length_ms, sample_count
from mopidy_vozduxan.audio.timelines import read_timeline
from mopidy_vozduxan.cue.cutter import read_divisible
from mopidy_vozduxan.cue.embedded import read_embedded
from mopidy_vozduxan.cue.sheet import read_sheet
from mopidy_vozduxan.decoding.first_bytes import Looked, demuxable
from mopidy_vozduxan.decoding.registry import Plays
from mopidy_vozduxan.naming.audio_folders import audio_folders
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.scanning import file_scan
from mopidy_vozduxan.scanning.gstreamer import Scan
from mopidy_vozduxan.scanning.m3u import read_playlist
from mopidy_vozduxan.streaming.target import playable_file
from mopidy_vozduxan.torrent.metainfo import TorrentFile
from tests.metainfos import metainfo
from tests.rig.broken import ENDINGS

KNOWN = formats.CONTAINERS
PACKAGE = Path(mopidy_vozduxan.__file__).parent
HEAD = b"..QUUX" + bytes(100)
NAMES = ["Song.quux", "cover.jpg", "Song.cue"]
SHEET = """FILE "Song.wav" WAVE
TRACK 01 AUDIO
INDEX 01 00:00:00
TRACK 02 AUDIO
INDEX 01 00:01:00
"""


class QuuxFile(SpannedFile):
    content_type = "audio/x-quux"

    def span(self, start: int, stop: int | None) -> Asking[Span]:
        return Span(start, stop or 9)
        yield


@dataclasses.dataclass
class QuuxView:
    demuxer: str = "quuxdemux"
    size: int = 7
    head: bytes = b"head"

    def read(self, span: Span) -> Asking[bytes]:
        return (yield span)


def _timeline(head: bytes, start: int, size: int) -> Timeline:
    return Timeline(size, 4321, start + 6)


def _cut(start: int, size: int) -> Asking[Divisible]:
    return QuuxFile()
    yield


def _measured(start: int, size: int) -> Asking[int]:
    return len((yield Span(start, size)))


def _late_tags(start: int, size: int) -> Asking[bytes]:
    return (yield Span(start, size))


def _view(start: int, size: int) -> Asking[QuuxView]:
    return QuuxView()
    yield


QUUX = Container(
    formats={"quux": Format("audio/x-quux", 80, tail_kib=3)},
    signatures=((2, b"QUUX"),),
    timeline=_timeline,
    cut=_cut,
    late_tags=_late_tags,
    measure=_measured,
    sample_count=len,
    view=_view,
)


@pytest.fixture(autouse=True)
def _table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "CONTAINERS", (*formats.CONTAINERS, QUUX))
    monkeypatch.setitem(formats.BY_EXTENSION, "quux", QUUX)


def test_its_files_are_tracks() -> None:
    torrent = metainfo("Album", NAMES)
    track = torrent.files[0]
    assert audio_folders(torrent) == [("Album", (track,))]
    assert playable_file(torrent, None) == track
    assert read_playlist(b"Song.mp3\n", "Album/x.m3u", torrent) == (0,)
    assert formats.stem(track.path) == "Song"


def test_it_is_served_as_what_it_is() -> None:
    assert formats.content_type("a/Song.QUUX") == "audio/x-quux"
    assert formats.tail_probe("a/Song.quux") == 3 * 1024


def test_its_length_and_positions_are_known() -> None:
    assert formats.estimated_length_ms("Song.quux", 10_000) == 1000
    timeline = read_timeline("by signature alone", HEAD, 1000)
    assert timeline and (timeline.length_ms, timeline.audio_start) == (4321, 6)
    assert believed_length_ms("Song.quux", HEAD, 1000, 9999) == 4321
    assert sample_count(HEAD) == len(HEAD)


def test_sheets_divide_it_and_it_is_cut() -> None:
    torrent = metainfo("Album", NAMES)
    assert read_sheet(SHEET.encode(), "Album/Song.cue", torrent).keys() == {0}
    comment = {"extended-comment": [f"cuesheet={SHEET}"]}
    assert len(read_embedded("Song.quux", comment, HEAD, None)) == 2
    assert isinstance(answered_by(HEAD, read_divisible("x", len(HEAD))), QuuxFile)


def test_a_demuxer_sees_its_view() -> None:
    async def read(_: Span) -> bytes:
        return b""

    looked = Looked(0, HEAD, Plays("avdemux_quux", demuxes=True, hangs=True))
    made = asyncio.run(demuxable(looked, read, len(HEAD)))
    assert (made.demuxer, made.size, made.head) == ("quuxdemux", 7, b"head")


class _Reading:
    token = "token"

    async def span(self, start: int, stop: int) -> bytes:
        return HEAD.ljust(stop, b"\0")[start:stop]

    async def patiently(self, work: Awaitable[Scan], _limit_s: float) -> Scan:
        return await work


def test_its_end_is_scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(*_: object) -> Looked:
        return Looked(0, HEAD, None)

    async def scan_url(*_: object) -> Scan:
        return Scan({"album": ["A"]}, 1000)

    async def scan_bytes(*_: object) -> Scan:
        return Scan({"title": ["T"]}, None)

    for fake in (look, scan_url, scan_bytes):
        monkeypatch.setattr(file_scan, fake.__name__, fake)
    door = file_scan.Door(lambda token: token, {}, None)  # type: ignore[arg-type]
    file = TorrentFile(0, "Album/Song.quux", 0, 500)
    scan = file_scan.FileScanner(door).scan(_Reading(), file)  # type: ignore[arg-type]
    found = asyncio.run(scan)
    assert found
    assert found.tags == {"title": ["T"], "album": ["A"]}
    assert found.length_ms == 500


@pytest.mark.parametrize("ending", formats.BY_EXTENSION)
def test_each_extension_is_a_track_with_a_type_and_a_length(ending: str) -> None:
    torrent = metainfo("Album", [f"Song.{ending}"])
    assert playable_file(torrent, None).index == 0
    assert formats.content_type(f"Song.{ending}").startswith(("audio/", "video/"))
    assert formats.estimated_length_ms(f"Song.{ending}", 1_000_000)


def test_no_extension_and_no_signature_belongs_to_two() -> None:
    endings = [ending for known in KNOWN for ending in known.formats]
    signatures = [signature for known in KNOWN for signature in known.signatures]
    assert len({*endings}) == len(endings)
    assert len({*signatures}) == len(signatures)


def test_each_container_is_among_the_broken_files() -> None:
    for known in KNOWN:
        assert known.formats.keys() & ENDINGS, known


def _constants() -> Iterator[tuple[str, object]]:
    """Yield the place and the value of each constant of the package's other folders."""
    for path in PACKAGE.rglob("*.py"):
        if PACKAGE / "audio" not in path.parents:
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant):
                    yield f"{path}:{node.lineno}", node.value


def test_nobody_else_names_a_format() -> None:
    names: set[object] = {
        signature for known in KNOWN for _, signature in known.signatures
    }
    for known in KNOWN:
        for ending, form in known.formats.items():
            names |= {ending, f".{ending}", form.content_type}
    assert [place for place, value in _constants() if value in names] == []
