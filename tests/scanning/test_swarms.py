"""Scans against real swarms: live, dead, slow, and beside what plays."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mutagen.flac import FLAC, CueSheet, CueSheetTrack, CueSheetTrackIndex

from mopidy_vozduxan.audio.formats import estimated_length_ms
from mopidy_vozduxan.scanning import lookups
from mopidy_vozduxan.torrent.metainfo import Metainfo
from tests.rig.album import Track, make_album, make_cover
from tests.rig.processes import children
from tests.rig.seeder import Swarm
from tests.rig.torrents import make_torrent
from tests.scanning.conftest import PATIENCE_S, Stage, Told, seeded

SECONDS = 6
TRACKS = [Track(title, "flac", SECONDS) for title in ("One", "Two", "Three")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music") / "Album"
    make_album(folder, TRACKS)
    return folder


@pytest.fixture
def live(folder: Path) -> Iterator[tuple[bytes, Swarm]]:
    with seeded(folder) as found:
        yield found


def test_a_lookup_has_the_true_lengths_of_a_live_swarm(
    live: tuple[bytes, Swarm], tmp_path: Path, told: Told
) -> None:
    with Stage(tmp_path, told) as stage:
        infohash = stage.add(live[0])
        assert stage.look_up(infohash) < PATIENCE_S / 2
        lengths = [tags.length_ms for tags in stage.tags(infohash)]
        assert lengths == [SECONDS * 1000] * len(TRACKS)
        told.wait(infohash)
        assert told.infohashes == [infohash], "told once, not track by track"


def test_after_a_restart_the_catalog_answers_and_nothing_is_fetched(
    live: tuple[bytes, Swarm], tmp_path: Path, told: Told
) -> None:
    torrent, swarm = live
    with Stage(tmp_path, told) as stage:
        infohash = stage.add(torrent)
        stage.look_up(infohash)
    before = swarm.uploaded()
    with Stage(tmp_path, told) as stage:
        lengths = [tags.length_ms for tags in stage.tags(infohash)]
        assert lengths == [SECONDS * 1000] * len(TRACKS)
        assert stage.look_up(infohash) < PATIENCE_S / 2
        assert not stage.bridge.ask(joined(stage)).result(PATIENCE_S)
    assert swarm.uploaded() == before


def test_a_dead_swarm_costs_one_short_wait_and_leaves_estimates(
    folder: Path, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "STILL_S", 0.2)
    with Stage(tmp_path, told, give_up_s=60) as stage:
        infohash = stage.add(make_torrent(folder))
        assert 0.2 <= stage.look_up(infohash) < PATIENCE_S / 2
        begin = time.monotonic()
        for _ in range(20):
            stage.look_up(infohash)
        assert time.monotonic() - begin < PATIENCE_S / 2
        metainfo = stage.catalog.torrents.metainfo(infohash)
        assert metainfo
        assert [tags.length_ms for tags in stage.tags(infohash)] == guesses(metainfo)


def test_a_dead_swarm_is_given_up_and_left_alone(
    folder: Path, tmp_path: Path, told: Told
) -> None:
    with Stage(tmp_path, told, give_up_s=0.5) as stage:
        infohash = stage.add(make_torrent(folder))
        stage.look_up(infohash)
        while stage.catalog.scans.unscanned_torrents(1):
            stage.look_up(infohash)
        assert stage.catalog.scans.unscanned(infohash) == []
        assert len(stage.catalog.scans.unscanned(infohash, tried=True)) == len(TRACKS)


def test_the_whole_catalog_is_read_without_being_opened(
    live: tuple[bytes, Swarm], tmp_path: Path, told: Told
) -> None:
    with Stage(tmp_path, told, "all") as stage:
        infohash = stage.add(live[0])
        told.wait(infohash)


def test_nothing_is_read_where_that_is_not_wanted(
    live: tuple[bytes, Swarm], tmp_path: Path, told: Told
) -> None:
    with Stage(tmp_path, told, "never") as stage:
        infohash = stage.add(live[0])
        stage.look_up(infohash)
        assert len(stage.catalog.scans.unscanned(infohash)) == len(TRACKS)
        assert not stage.bridge.ask(joined(stage)).result(PATIENCE_S)


def test_a_stop_does_not_wait_for_a_swarm(
    folder: Path, tmp_path: Path, told: Told
) -> None:
    with seeded(folder, rate=1) as (torrent, _):
        stage = Stage(tmp_path, told, give_up_s=600)
        with stage:
            infohash = stage.add(torrent)
            stage.look_up(infohash, seconds=0.3)
            begin = time.monotonic()
            stage.bridge.ask(stage.scanning.close()).result(PATIENCE_S)
            assert time.monotonic() - begin < PATIENCE_S / 2


def test_a_scanner_that_waits_for_a_piece_ends_with_its_stream(
    tmp_path: Path, told: Told
) -> None:
    (path,) = make_album(tmp_path / "Album", TRACKS[:1], cover=False)
    add_picture(path, bytes(1_000_000))
    pieces = -(-path.stat().st_size // (64 * 1024))
    with (
        seeded(path.parent, pieces=[[*range(3), *range(10, pieces)]]) as (torrent, _),
        Stage(tmp_path / "stage", told, give_up_s=600) as stage,
    ):
        infohash = stage.add(torrent)
        stage.lengths.opened(infohash)
        until(lambda: 2 in stage.held(infohash))
        until(lambda: scans_running(stage))
        begin = time.monotonic()
        stage.bridge.ask(stage.scanning.close()).result(PATIENCE_S)
        until(lambda: not scans_running(stage))
        assert time.monotonic() - begin < PATIENCE_S / 2


def test_a_picture_is_read_to_its_end_and_kept_once_per_folder(
    tmp_path: Path, told: Told
) -> None:
    make_cover(tmp_path / "cover.jpg")
    picture = (tmp_path / "cover.jpg").read_bytes() + bytes(500_000)
    # Most of a file comes behind its picture, and what a trickle brings is little.
    tracks = [Track(title, "flac", 20) for title in ("One", "Two")]
    paths = make_album(tmp_path / "Album", tracks, cover=False)
    for path in paths:
        add_picture(path, picture)
    with (
        seeded(tmp_path / "Album", 16 * 1024) as (torrent, _),
        Stage(tmp_path / "stage", told) as stage,
    ):
        infohash = stage.add(torrent)
        stage.look_up(infohash)
        until(lambda: stage.pictures)
        assert [tags.title for tags in stage.tags(infohash)] == ["One", "Two"]
        assert list(stage.pictures.values()) == [picture]
        whole = sum(path.stat().st_size for path in paths)
        assert len(stage.held(infohash)) * 16 * 1024 < whole * 0.5


SHEET = """PERFORMER "Somebody"
TITLE "A Concert"
FILE "01 - Whole.wav" WAVE
  TRACK 01 AUDIO
    TITLE "First"
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "Second"
    INDEX 01 00:12:30
"""
DIVIDED = [("First", 12_400), ("Second", 17_600)]


def shown_when_looked_up(
    folder: Path, stage: Path, told: Told
) -> list[tuple[str | None, int | None]]:
    """The titles and lengths that a lookup of a folder's torrent ends with."""
    with seeded(folder) as (torrent, _), Stage(stage, told) as staged:
        infohash = staged.add(torrent)
        staged.look_up(infohash)
        return [(tags.title, tags.length_ms) for tags in staged.tags(infohash)]


@pytest.mark.parametrize("place", ["Album.cue", "CUE/Album.cue"])
def test_a_sheet_divides_its_file_before_the_lengths_are_read(
    place: str, tmp_path: Path, told: Told
) -> None:
    folder = tmp_path / "Album"
    make_album(folder, [Track("Whole", "flac", 30)])
    (folder / place).parent.mkdir(exist_ok=True)
    (folder / place).write_text(SHEET)
    assert shown_when_looked_up(folder, tmp_path / "stage", told) == DIVIDED


@pytest.mark.parametrize("native", [False, True])
def test_a_sheet_inside_its_file_divides_it(
    native: bool, tmp_path: Path, told: Told
) -> None:
    (path,) = make_album(tmp_path / "Album", [Track("Whole", "flac", 30)])
    file = FLAC(path)
    if native:
        sheet = CueSheet(None)
        for number, second in ((1, 0.0), (2, 12.4)):
            track = CueSheetTrack(number, round(second * 44_100))
            track.indexes.append(CueSheetTrackIndex(1, 0))
            sheet.tracks.append(track)
        sheet.tracks.append(CueSheetTrack(170, 30 * 44_100))
        file.metadata_blocks.append(sheet)
    else:
        file["CUESHEET"] = SHEET
    file.save()
    found = shown_when_looked_up(path.parent, tmp_path / "stage", told)
    assert found == ([("Track 1", 12_400), ("Track 2", 17_600)] if native else DIVIDED)


def test_a_sheet_of_the_torrent_counts_before_one_inside_the_file(
    tmp_path: Path, told: Told
) -> None:
    (path,) = make_album(tmp_path / "Album", [Track("Whole", "flac", 30)])
    file = FLAC(path)
    file["CUESHEET"] = SHEET.replace("12:30", "20:00")
    file.save()
    (path.parent / "Album.cue").write_text(SHEET)
    assert shown_when_looked_up(path.parent, tmp_path / "stage", told) == DIVIDED


def test_the_sheet_of_a_whole_album_in_each_of_its_files_divides_none(
    tmp_path: Path, told: Told
) -> None:
    paths = make_album(tmp_path / "Album", TRACKS)
    for path in (path for path in paths if path.suffix == ".flac"):
        file = FLAC(path)
        file["CUESHEET"] = SHEET.replace("12:30", "00:30")
        file.save()
    found = shown_when_looked_up(tmp_path / "Album", tmp_path / "stage", told)
    assert len(found) == len(TRACKS)


def test_the_sheet_beside_a_file_counts_and_none_of_another_folder(
    tmp_path: Path, told: Told
) -> None:
    folder = tmp_path / "Album"
    make_album(folder, [Track("Whole", "flac", 30)])
    (folder / "CUE").mkdir()
    (folder / "CUE" / "Whole.cue").write_text(SHEET)
    (folder / "Whole.cue").write_text(SHEET.replace('    TITLE "First"\n', ""))
    (first, _) = shown_when_looked_up(folder, tmp_path / "stage", told)
    assert first[0] == "Track 1"


def test_a_playlist_in_the_torrent_is_kept(tmp_path: Path, told: Told) -> None:
    make_album(tmp_path / "Album", TRACKS)
    (tmp_path / "Album" / "Best.m3u8").write_text("03 - Three.flac\n01 - One.flac\n")
    with (
        seeded(tmp_path / "Album") as (torrent, _),
        Stage(tmp_path / "stage", told) as stage,
    ):
        stage.look_up(stage.add(torrent))
        (found,) = stage.catalog.playlists.all()
        assert found.name.endswith("Best")


def test_junk_and_a_file_that_nobody_has_spoil_nothing_else(
    tmp_path: Path, told: Told
) -> None:
    folder = tmp_path / "Album"
    make_album(folder, TRACKS, cover=False)
    (folder / "00 - junk.flac").write_bytes(bytes(100_000))
    (folder / "junk.cue").write_bytes(bytes(range(256)))
    (folder / "zz - nobody has this.mp3").write_bytes(b"\xff\xfb\x90" * 100_000)
    size = sum(file.stat().st_size for file in folder.iterdir())
    last = size // (64 * 1024)
    with (
        seeded(folder, pieces=[range(last - 3)]) as (torrent, _),
        Stage(tmp_path / "stage", told, give_up_s=4) as stage,
    ):
        infohash = stage.add(torrent)
        stage.look_up(infohash)
        until(lambda: stage.catalog.scans.unscanned(infohash) == [])
        missing = stage.catalog.scans.unscanned(infohash, tried=True)
        assert len(missing) == 1  # junk stays junk
        lengths = [tags.length_ms for tags in stage.tags(infohash)]
        assert lengths.count(SECONDS * 1000) == len(TRACKS)


def test_a_proxy_of_the_environment_is_not_asked(
    live: tuple[bytes, Swarm],
    tmp_path: Path,
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with Stage(tmp_path, told) as stage:
        infohash = stage.add(live[0])
        stage.look_up(infohash)
        artists = [tags.artists for tags in stage.tags(infohash)]
        assert artists == [("The Rig",)] * len(TRACKS)


def test_one_that_was_opened_later_comes_first(
    folder: Path, live: tuple[bytes, Swarm], tmp_path: Path, told: Told
) -> None:
    with Stage(tmp_path, told, give_up_s=600) as stage:
        dead = stage.add(make_torrent(folder, piece_length=32 * 1024))
        stage.lengths.opened(dead)
        infohash = stage.add(live[0])
        stage.look_up(infohash)
        assert stage.catalog.scans.unscanned(infohash) == []


def add_picture(path: Path, picture: bytes) -> None:
    """Put a picture behind the first block of a FLAC file."""
    words = (3, 10, b"image/jpeg", 0, 0, 0, 0, 0, len(picture))
    block = struct.pack(">2I10s6I", *words) + picture
    data = path.read_bytes()
    header = b"\6" + len(block).to_bytes(3, "big")
    path.write_bytes(data[:42] + header + block + data[42:])


def scans_running(stage: Stage) -> bool:
    spawner = stage.door.jobs._process
    return spawner is not None and bool(children(spawner.pid))


def until(true: Callable[[], object]) -> None:
    """Wait for something that nobody announces."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def guesses(metainfo: Metainfo) -> list[int | None]:
    return [
        estimated_length_ms(file.path, file.size)
        for file in metainfo.files
        if file.path.endswith(".flac")
    ]


async def joined(stage: Stage) -> bool:
    return bool(stage.manager.swarms)
