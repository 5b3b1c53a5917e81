"""Titles and lengths of every format are those that Mopidy-Local would show.

Mopidy-Local reads local files with Mopidy's scanner; we read the same files from a
swarm.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from mopidy.audio.scan import Scanner

from mopidy_vozduxan.torrent.tags import Tags
from tests.rig import album
from tests.rig.broken import whole_files
from tests.scanning.conftest import Stage, Told, seeded
from tests.scanning.test_formats import CASES, ape, id3v1, id3v2

#: Where we know better, or GStreamer hangs.
NO_COMPARISON = {
    "dff": "the scanner never ends (GStreamer 1.22)",
    "cp1250-tags": "Polish is repaired",
    "mpc": "libav rounds the length to a packet of 1.7 s",
    "aac": "nothing in the file gives the length: both guess",
}
TAGGED = {
    "flac": "flacenc",
    "ogg": "vorbisenc ! oggmux",
    "mka": "vorbisenc ! matroskamux",
}
TAGGED |= {"m4a": "avenc_aac ! mp4mux", "mp4": "avenc_aac ! mp4mux faststart=true"}
TAGGED |= {"mp3": "lamemp3enc ! id3v2mux", "wma": "avenc_wmav2 ! avmux_asf"}
NEAR_MS = 60


def make_files(folder: Path) -> None:
    """A file of each format, those with tags, and some that were wrong once."""
    folder.mkdir()
    whole = whole_files(folder)
    for ending, data in whole.items():
        (folder / f"Plain {ending}.{ending}").write_bytes(data)
    pcm = album.make_pcm(3, seed=9)
    for ending, encoder in TAGGED.items():
        album._ENCODERS["beside"] = encoder
        path = folder / f"Tagged {ending}.{ending}"
        album.encode(pcm, path, "beside", {"title": f"Title {ending}", "artist": "A"})
    ends = {
        "mp3": ape({"Title": "End mp3", "Artist": "A"}) + id3v1("x", "y", "z"),
        "wv": ape({"Title": "End wv"}),
        "tta": ape({"Title": "End tta"}),
        "mpc": ape({"Title": "End mpc"}),
        "mp2": id3v1("End mp2", "A", "B"),
    }
    for ending, tag in ends.items():
        (folder / f"End {ending}.{ending}").write_bytes(whole[ending] + tag)
    fronts = {"mp3": whole["mp3"], "flac": whole["flac"], "ogg": whole["ogg"]}
    for ending, data in fronts.items():
        front = id3v2(f"Front {ending}", bytes(70_000))
        (folder / f"Front {ending}.{ending}").write_bytes(front + data)
    for path in CASES.iterdir():
        shutil.copy(path, folder)


@pytest.mark.alone
def test_titles_and_lengths_are_mopidys(tmp_path: Path, told: Told) -> None:
    folder = tmp_path / "Album"
    make_files(folder)
    with (
        seeded(folder, 64 * 1024) as (torrent, _),
        Stage(tmp_path / "stage", told) as stage,
    ):
        infohash = stage.add(torrent)
        stage.look_up(infohash, 120)
        assert stage.catalog.scans.unscanned(infohash, tried=True) == []
        layout = stage.catalog.tracks.layout(infohash)
        assert layout
        files = {file.index: file.path for f in layout.folders for file in f.files}
        ours = {
            files[track.uri.index].rpartition("/")[2]: track.tags
            for f in layout.folders
            for track in f.tracks
        }
    assert ours.keys() == {path.name for path in folder.iterdir()}
    scanner = Scanner(5000)
    wrong = []
    for name, tags in sorted(ours.items()):
        stem, _, ending = name.rpartition(".")
        if ending not in NO_COMPARISON and stem not in NO_COMPARISON:
            found = scanner.scan((folder / name).as_uri())
            wrong += differences(name, tags, found.tags.get("title"), found.duration)
    assert wrong == [], wrong


def differences(
    name: str, ours: Tags, titles: list[str] | None, length_ms: int | None
) -> list[object]:
    title = titles[0] if titles else name.rpartition(".")[0]
    wrong: list[object] = []
    if ours.title != title:
        wrong.append((name, "title", ours.title, title))
    if length_ms and abs((ours.length_ms or 0) - length_ms) > NEAR_MS:
        wrong.append((name, "length", ours.length_ms, length_ms))
    return wrong
