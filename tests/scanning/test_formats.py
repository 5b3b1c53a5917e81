"""What is read of each format, from real swarms and by Mopidy's own scanner."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import gi
import pytest

gi.require_version("Gst", "1.0")
from gi.repository import GObject, Gst  # noqa: E402

from mopidy_vozduxan.torrent.tags import Tags  # noqa: E402
from tests.rig import album  # noqa: E402
from tests.rig.album import FORMATS, Track, make_album, make_cover  # noqa: E402
from tests.rig.chapters import with_list  # noqa: E402
from tests.rig.containers import aiff  # noqa: E402
from tests.scanning.conftest import Stage, Told, seeded  # noqa: E402

PIECE = 64 * 1024
CASES = Path(__file__).parents[1] / "audio" / "cases"
SECONDS = 20
MORE_ENCODERS = {
    "wv": "wavpackenc",
    "mp3-untagged": "lamemp3enc target=bitrate bitrate=192 cbr=true",
    "m4a-alac": "avenc_alac ! mp4mux",
    "mp3-vbr": "lamemp3enc target=quality quality=4",
    "mp3-xing": "lamemp3enc target=quality quality=4 ! xingmux",
}

#: How many pieces of 64 KiB a file costs at most: its beginning, and its end where
#: that tells something, with whatever the boundaries cut. qtdemux reads all of an
#: M4A of up to 4 MiB whose index is at its end.
MOST_PIECES = {"ogg": 8, "opus": 8, "m4a": 8}
#: For a single file. The anchor of its swarm brings one now and then.
MOST_OF_ONE = 9


@pytest.fixture(autouse=True)
def _encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, encoder in MORE_ENCODERS.items():
        monkeypatch.setitem(album._ENCODERS, name, encoder)


def scanned(folder: Path, told: Told) -> tuple[list[Tags], int]:
    """Have a folder's files read; what is shown of them, and pieces per file.

    An anchor of the swarm, which a slow machine's trickle brings, is no file's.
    """
    stage_folder = folder.parent / "stage"
    with (
        seeded(folder, PIECE) as (torrent, _),
        Stage(stage_folder, told) as stage,
    ):
        infohash = stage.add(torrent)
        stage.look_up(infohash)
        assert stage.catalog.scans.unscanned(infohash, tried=True) == []
        tags = stage.tags(infohash)
        return tags, len(stage.held(infohash)) // len(tags)


@pytest.mark.parametrize("format", FORMATS)
def test_tags_and_length_for_a_few_pieces(
    tmp_path: Path, told: Told, format: str
) -> None:
    folder = tmp_path / "Album by Name"
    tracks = [Track(title, format, SECONDS) for title in ("Söng", "Two", "Three")]
    make_album(folder, tracks, album="Album by Tag", cover=False)
    found, pieces = scanned(folder, told)
    assert [tags.title for tags in found] == ["Söng", "Two", "Three"]
    for tags in found:
        assert abs((tags.length_ms or 0) - SECONDS * 1000) < 100
        if format != "wav":  # GStreamer writes no tags into it
            assert tags.artists == ("The Rig",)
            assert tags.album == "Album by Tag"
    assert pieces <= MOST_PIECES.get(format, 4)


def test_an_index_at_the_end_is_read_and_not_what_is_before_it(
    tmp_path: Path, told: Told
) -> None:
    folder = tmp_path / "Album by Name"
    make_album(folder, [Track("Söng", "m4a-alac", 45)], cover=False)
    (tags,), pieces = scanned(folder, told)
    assert (tags.title, tags.length_ms) == ("Söng", 45_000)
    assert pieces <= MOST_OF_ONE


def test_tags_at_the_end_of_an_mp3(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "Album" / "x.mp3"
    encode(path, "mp3-untagged", 60)
    with path.open("ab") as file:
        file.write(id3v1("Песня", "Артист", "Альбом"))
    (tags,), pieces = scanned(path.parent, told)
    assert (tags.title, tags.artists) == ("Песня", ("Артист",))
    assert abs((tags.length_ms or 0) - 60_000) < 100
    assert pieces <= MOST_OF_ONE


def test_tags_at_the_end_of_a_wavpack(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "Album" / "x.wv"
    encode(path, "wv")
    with path.open("ab") as file:
        file.write(ape({"Title": "Söng", "Artist": "An Artist"}))
    (tags,), pieces = scanned(path.parent, told)
    assert (tags.title, tags.artists) == ("Söng", ("An Artist",))
    assert abs((tags.length_ms or 0) - SECONDS * 1000) < 100
    assert pieces <= MOST_OF_ONE


def test_a_length_that_must_be_guessed_is_not_too_short(
    tmp_path: Path, told: Told
) -> None:
    path = tmp_path / "Album" / "x.mp3"
    path.parent.mkdir()
    # Loud first: by its beginning the rest would be as short.
    pcm = album.make_pcm(SECONDS / 2, seed=3)
    album.encode(pcm + bytes(len(pcm)), path, "mp3-vbr")
    (tags,), _ = scanned(path.parent, told)
    assert tags.length_ms and tags.length_ms > SECONDS * 1000 * 0.55


def test_a_length_behind_a_large_picture_is_exact(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "Album" / "x.mp3"
    encode(path, "mp3-xing")
    path.write_bytes(id3v2("Söng", bytes(200_000)) + path.read_bytes())
    (tags,), _ = scanned(path.parent, told)
    assert tags.title == "Söng"
    assert abs((tags.length_ms or 0) - SECONDS * 1000) < 100


@pytest.mark.parametrize("format", ["ogg", "opus"])
def test_an_ogg_with_a_large_picture_has_its_length(
    tmp_path: Path, told: Told, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_cover(tmp_path / "cover.jpg")
    picture = (tmp_path / "cover.jpg").read_bytes() + bytes(150_000)
    caps = Gst.Caps.from_string("image/jpeg")
    sample = Gst.Sample.new(Gst.Buffer.new_wrapped(picture), caps)

    def set_tags(pipeline: Gst.Pipeline, _: object) -> None:
        found = Gst.TagList.new_empty()
        value = GObject.Value(Gst.Sample, sample)
        found.add_value(Gst.TagMergeMode.REPLACE, "image", value)
        encoder = pipeline.iterate_all_by_interface(Gst.TagSetter).next()[1]
        Gst.TagSetter.merge_tags(encoder, found, Gst.TagMergeMode.REPLACE_ALL)

    monkeypatch.setattr(album, "_set_tags", set_tags)
    path = tmp_path / "Album" / f"x.{format}"
    encode(path, format)
    assert path.read_bytes().find(b"METADATA_BLOCK_PICTURE") > 0
    (tags,), _ = scanned(path.parent, told)
    assert abs((tags.length_ms or 0) - SECONDS * 1000) < 100


def encode(path: Path, format: str, seconds: float = SECONDS) -> None:
    path.parent.mkdir()
    album.encode(album.make_pcm(seconds, seed=3), path, format)


def id3v1(title: str, artist: str, name: str) -> bytes:
    """A tag as Russian programs wrote it."""
    fields = [text.encode("cp1251").ljust(30, b"\0") for text in (title, artist, name)]
    return b"TAG" + b"".join(fields) + b"1999" + bytes(30) + b"\xff"


def id3v2(title: str, picture: bytes) -> bytes:
    """An ID3v2.3 tag with a title in UTF-16 and a picture."""

    def frame(name: bytes, body: bytes) -> bytes:
        return name + len(body).to_bytes(4, "big") + bytes(2) + body

    text = b"\1" + title.encode("utf-16")
    image = b"\0image/jpeg\0\3\0" + picture
    body = frame(b"TIT2", text) + frame(b"APIC", image)
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + body


def ape(items: dict[str, str]) -> bytes:
    """An APEv2 tag."""
    body = b""
    for key, text in items.items():
        value = text.encode()
        body += len(value).to_bytes(4, "little") + bytes(4) + key.encode() + b"\0"
        body += value

    def frame(flags: int) -> bytes:
        numbers = (2000, len(body) + 32, len(items), flags)
        return b"APETAGEX" + struct.pack("<4I8x", *numbers)

    return frame(0xA000_0000) + body + frame(0x8000_0000)


@pytest.mark.parametrize(
    ("name", "title", "ms"),
    [
        ("apev2-200kB-cover.mp3", "Mp3 Ape 200k cover", 8000),
        ("chained-vorbis.ogg", "First", 22_000),
        ("live-cut.ogg", "LateV", 10_000),
        ("cp1250-tags.mp3", "Źdźbło trawy", 3030),
        ("ogg-behind-id3v2.ogg", "ogg-behind-id3v2", 12_000),
    ],
)
def test_files_that_were_wrong_once(
    tmp_path: Path, told: Told, name: str, title: str, ms: int
) -> None:
    folder = tmp_path / "Album"
    folder.mkdir()
    shutil.copy(CASES / name, folder)
    (tags,), _ = scanned(folder, told)
    assert tags.title == title
    assert abs((tags.length_ms or 0) - ms) < 100


def test_a_variable_bit_rate_without_a_header_has_its_length(
    tmp_path: Path, told: Told
) -> None:
    path = tmp_path / "Album" / "x.mp3"
    path.parent.mkdir()
    pcm = album.make_pcm(SECONDS, seed=3)
    album.encode(pcm + bytes(len(pcm)) + pcm, path, "mp3-vbr")
    (tags,), _ = scanned(path.parent, told)
    assert abs((tags.length_ms or 0) - 3 * SECONDS * 1000) < 100


@pytest.mark.parametrize("ending", ["aiff", "wav"])
def test_tags_behind_the_samples(tmp_path: Path, told: Told, ending: str) -> None:
    path = tmp_path / "Album" / f"x.{ending}"
    encode(path, "wav")
    tag = id3v2("Söng", bytes(200_000))
    tag += bytes(len(tag) % 2)
    size = struct.pack(">I" if ending == "aiff" else "<I", len(tag))
    if ending == "aiff":
        path.write_bytes(aiff(album.make_pcm(SECONDS, seed=3)))
    with path.open("ab") as file:
        file.write((b"ID3 " if ending == "aiff" else b"id3 ") + size + tag)
    (tags,), pieces = scanned(path.parent, told)
    assert tags.title == "Söng"
    assert abs((tags.length_ms or 0) - SECONDS * 1000) < 100
    assert pieces <= MOST_OF_ONE + 4  # the tag has four


def test_a_sheet_names_files_of_one_track_each(tmp_path: Path, told: Told) -> None:
    folder = tmp_path / "Album"
    encode(folder / "1.wav", "wav", 1)
    shutil.copy(folder / "1.wav", folder / "2.wav")
    lines = ['PERFORMER "The Rig"', 'TITLE "By Sheet"']
    for number in (1, 2):
        lines += [f'FILE "{number}.wav" WAVE', f"TRACK {number:02} AUDIO"]
        lines += [f'TITLE "Song {number}"', "INDEX 01 00:00:00"]
    (folder / "x.cue").write_text("\n".join(lines))
    found, _ = scanned(folder, told)
    assert [tags.title for tags in found] == ["Song 1", "Song 2"]
    assert {tags.album for tags in found} == {"By Sheet"}
    assert {tags.artists for tags in found} == {("The Rig",)}


def test_chapters_are_tracks(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "Book" / "x.m4b"
    encode(path, "m4a-alac")
    chapters = [(0, "Opening"), (5000, "First"), (12_000, "Second")]
    path.write_bytes(with_list(path.read_bytes(), chapters))
    found, _ = scanned(path.parent, told)
    assert [tags.title for tags in found] == [title for _, title in chapters]
    assert [tags.length_ms for tags in found] == [5000, 7000, 8000]
    assert [tags.track_no for tags in found] == [1, 2, 3]
