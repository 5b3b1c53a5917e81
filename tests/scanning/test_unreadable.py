"""Files that GStreamer hangs on, crashes on or gives up: noted, once, and read past."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mopidy_vozduxan.decoding import demuxed
from mopidy_vozduxan.scanning import file_scan as scanning_file
from tests.e2e.stage import until
from tests.rig.album import Track, make_album, make_pcm
from tests.rig.broken import broken_files, whole_files
from tests.rig.containers import aiff, dff, dsf, tta
from tests.scanning.conftest import Stage, Told, seeded

NOISE = random.Random(3).randbytes(150_000)
PCM = make_pcm(3, seed=2)
BROKEN = {
    "20.dff": b"FRM8" + NOISE,
    "21.dsf": b"DSD " + NOISE,
    "22.mpc": b"MPCK" + NOISE,
    "23.tta": b"TTA1" + NOISE,
    "24.ape": b"MAC " + NOISE,
    "25.mp3": tta(PCM)[:30] + NOISE,
}
WHOLE = {
    "30.aiff": aiff(PCM),
    "31.dff": dff(3),
    "32.dsf": dsf(3),
    "33.tta": tta(PCM),
}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((demuxed, "ANSWERS_S"), (scanning_file, "LIMIT_S")):
        monkeypatch.setattr(module, name, 4.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "Album"
    folder.mkdir()
    for name, data in {**BROKEN, **WHOLE}.items():
        (folder / name).write_bytes(data)
    make_album(folder, [Track("Last", "flac", 3)], cover=False)
    (folder / "01 - Last.flac").rename(folder / "99.flac")
    return folder


def test_what_cannot_be_read_is_noted_and_the_rest_is_read(
    folder: Path, told: Told
) -> None:
    with seeded(folder) as (torrent, _), Stage(folder.parent / "s", told) as stage:
        infohash = stage.add(torrent)
        stage.look_up(infohash)
        until(lambda: not stage.catalog.scans.unscanned(infohash, tried=True))
        tags = stage.tags(infohash)
        assert tags[-1].title == "Last"
        assert [t.length_ms for t in tags[-5:]] == [3000] * 5

        again = stage.catalog.scans.unscanned(infohash, tried=True)
        assert again == []  # by no look-up
        stage.catalog.scans.scan_again(infohash)
        assert len(stage.catalog.scans.unscanned(infohash)) == len(tags)
        stage.lengths.again(infohash)
        until(lambda: not stage.catalog.scans.unscanned(infohash, tried=True))


def test_one_broken_file_of_each_format_ends_its_scan(
    tmp_path: Path, told: Told
) -> None:
    """``benchmarks/broken_files.py`` has hundreds."""
    folder = tmp_path / "Album"
    folder.mkdir()
    whole = whole_files(tmp_path)
    for name, data in broken_files(whole, seed=5, count=len(whole)):
        (folder / name).write_bytes(data)
    with seeded(folder) as (torrent, _), Stage(tmp_path / "s", told) as stage:
        infohash = stage.add(torrent)
        stage.lengths.opened(infohash)
        until(lambda: not stage.catalog.scans.unscanned(infohash, tried=True), 120)
