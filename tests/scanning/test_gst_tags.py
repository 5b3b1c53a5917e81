"""Tags of real files, through Mopidy's scanner, and of no file at all."""

from __future__ import annotations

import subprocess
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mopidy.audio.scan import Scanner
from mutagen import id3
from mutagen.flac import FLAC
from mutagen.mp4 import MP4
from mutagen.oggvorbis import OggVorbis
from mutagen.wavpack import WavPack

from mopidy_vozduxan.naming.names import clean
from mopidy_vozduxan.scanning.gst_tags import tags_of, texts_of
from mopidy_vozduxan.torrent.tags import Tags

ENCODERS = {
    "mp3": "lamemp3enc ! xingmux",
    "flac": "flacenc",
    "ogg": "vorbisenc ! oggmux",
    "m4a": "avenc_aac ! mp4mux",
    "wv": "wavpackenc",
}
SOURCE = "audiotestsrc num-buffers=40 ! audioconvert"

Save = Callable[[Path], None]


@pytest.fixture(scope="session")
def sounds(tmp_path_factory) -> dict[str, bytes]:
    """A second of sound in every format, without tags."""
    folder = tmp_path_factory.mktemp("sounds")
    for ending, encoder in ENCODERS.items():
        line = f"{SOURCE} ! {encoder} ! filesink location={folder}/sound.{ending}"
        subprocess.run(["gst-launch-1.0", "-q", *line.split()], check=True, timeout=60)
    return {ending: (folder / f"sound.{ending}").read_bytes() for ending in ENCODERS}


def scanned(path: Path) -> Tags:
    result = Scanner(10_000).scan(path.as_uri())
    return tags_of(result.tags, result.duration)


def in_front(version: int, *frames: id3.Frame) -> Save:
    """Tags an MP3 with ID3v2.3 or 2.4."""

    def save(path: Path) -> None:
        tag = id3.ID3()
        for frame in frames:
            tag.add(frame)
        tag.save(path, v1=0, v2_version=version)

    return save


def old_in_front(encoding: str, frames: dict[bytes, str]) -> Save:
    """Tags an MP3 with ID3v2.2, that calls its bytes Latin-1."""

    def save(path: Path) -> None:
        body = b""
        for name, text in frames.items():
            data = b"\0" + text.encode(encoding)
            body += name + len(data).to_bytes(3, "big") + data
        size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
        path.write_bytes(b"ID3\2\0\0" + size + body + path.read_bytes())

    return save


def at_end(encoding: str, title: str, artist: str, album: str) -> Save:
    """Tags an MP3 with ID3v1."""

    def save(path: Path) -> None:
        fields = [
            t.encode(encoding)[:30].ljust(30, b"\0") for t in (title, artist, album)
        ]
        numbers = b"1988" + bytes(28) + b"\0\3" + b"\x11"
        path.write_bytes(path.read_bytes() + b"TAG" + b"".join(fields) + numbers)

    return save


def fields(kind: Callable[..., object], **values: object) -> Save:
    """Tags a file with Vorbis comments, APEv2 or MP4's atoms."""

    def save(path: Path) -> None:
        file = kind(path)
        if file.tags is None:
            file.add_tags()
        for name, value in values.items():
            file[name] = value
        file.save()

    return save


def misread(text: str, encoding: str) -> list[str]:
    return [text.encode(encoding).decode("latin-1")]


DISH = unicodedata.normalize("NFD", "Café")
FILES = {
    "ID3v1, cp1251": (
        "mp3",
        at_end("cp1251", "Группа крови", "Кино", "Группа крови"),
        {"title": "Группа крови", "artists": ("Кино",), "album": "Группа крови"}
        | {"date": "1988", "track_no": 3, "genre": "Rock"},
    ),
    "ID3v2.2, cp1251": (
        "mp3",
        old_in_front(
            "cp1251",
            {b"TT2": "Выхода нет", b"TP1": "Сплин", b"TRK": "07/10", b"TYE": "1997"},
        ),
        {"title": "Выхода нет", "artists": ("Сплин",), "track_no": 7, "date": "1997"},
    ),
    "ID3v2.3, cp1251": (
        "mp3",
        in_front(
            3,
            id3.TIT2(0, misread("Осень", "cp1251")),
            id3.TPE1(0, misread("ДДТ", "cp1251")),
            id3.TPE2(0, misread("Разные исполнители", "cp1251")),
            id3.TRCK(0, ["3/12"]),
            id3.TPOS(0, ["2/2"]),
            id3.TCON(0, ["(17)"]),
        ),
        {"title": "Осень", "artists": ("ДДТ",), "track_no": 3, "disc_no": 2}
        | {"albumartists": ("Разные исполнители",), "genre": "Rock"},
    ),
    "ID3v2.3, Shift-JIS": (
        "mp3",
        in_front(
            3,
            id3.TIT2(0, misread("ロビンソン", "cp932")),
            id3.TPE1(0, misread("スピッツ", "cp932")),
        ),
        {"title": "ロビンソン", "artists": ("スピッツ",)},
    ),
    "ID3v2.3, Latin-1": (
        "mp3",
        in_front(3, id3.TIT2(0, ["Ágætis byrjun"]), id3.TPE1(0, ["Sigur Rós"])),
        {"title": "Ágætis byrjun", "artists": ("Sigur Rós",)},
    ),
    "ID3v2.3, UTF-16": (
        "mp3",
        in_front(3, id3.TIT2(1, ["夜に駆ける"]), id3.TYER(1, ["abcd"])),
        {"title": "夜に駆ける", "date": None},
    ),
    "ID3v2.4, UTF-8": (
        "mp3",
        in_front(
            4,
            id3.TIT2(3, [DISH]),
            id3.TPE1(3, ["One", "Other"]),
            id3.TDRC(3, ["2019-12-15"]),
            id3.TRCK(3, ["0"]),
            id3.TPOS(3, ["-1"]),
        ),
        {"title": "Café", "artists": ("One", "Other"), "date": "2019-12-15"}
        | {"track_no": None, "disc_no": None},
    ),
    "Vorbis comments in FLAC": (
        "flac",
        fields(
            FLAC,
            title=DISH,
            artist=["One", "Other"],
            albumartist="All",
            composer="Writer",
            performer="Singer",
            genre=["Rock", "Pop"],
            date="2001-05",
            tracknumber="3/12",
            discnumber="2",
        ),
        {"title": "Café", "artists": ("One", "Other"), "albumartists": ("All",)}
        | {"composers": ("Writer",), "performers": ("Singer",), "genre": "Rock; Pop"}
        | {"date": "2001-05", "track_no": 3, "disc_no": 2},
    ),
    "Vorbis comments in Ogg, written wrongly": (
        "ogg",
        fields(OggVorbis, title="Êèíî", artist="BjÃ¶rk", date="0", tracknumber="-3"),
        {"title": "Кино", "artists": ("Björk",), "date": None, "track_no": None},
    ),
    "MP4": (
        "m4a",
        fields(
            MP4,
            **{"\xa9nam": "夜に駆ける", "\xa9ART": "YOASOBI", "aART": "All"},
            **{"\xa9day": "2010-01-02T00:00:00Z", "trkn": [(0, 0)], "disk": [(1, 2)]},
        ),
        {"title": "夜に駆ける", "artists": ("YOASOBI",), "albumartists": ("All",)}
        | {"date": "2010-01-02", "track_no": None, "disc_no": 1},
    ),
    "APEv2": (
        "wv",
        fields(WavPack, Title="Кино", Artist="Сплин", Year="1999", Track="4/9"),
        {"title": "Кино", "artists": ("Сплин",), "date": "1999", "track_no": 4},
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_tags_of_real_files_are_read(tmp_path, sounds, name):
    ending, save, expected = FILES[name]
    path = tmp_path / f"sound.{ending}"
    path.write_bytes(sounds[ending])
    save(path)
    tags = scanned(path)
    assert {key: getattr(tags, key) for key in expected} == expected
    assert 800 < (tags.length_ms or 0) < 1100


def test_a_rate_is_in_kilobits(tmp_path, sounds):
    (tmp_path / "sound.ogg").write_bytes(sounds["ogg"])
    assert scanned(tmp_path / "sound.ogg").bitrate == 80


SENSE = [
    # key, value, field, result
    ("datetime", "2001-05-08T10:11Z", "date", "2001-05-08"),
    ("datetime", "2001-02-31", "date", "2001-02"),
    ("datetime", "2001-13", "date", "2001"),
    ("datetime", "0000", "date", None),
    ("datetime", "May 2001", "date", None),
    ("date", "1999-01-01", "date", "1999"),
    ("date", "1999-06-01", "date", "1999-06-01"),
    ("date", None, "date", None),
    ("track-number", 0, "track_no", None),
    ("track-number", -1, "track_no", None),
    ("track-number", 4294967293, "track_no", None),
    ("track-number", "3/12", "track_no", 3),
    ("track-number", "A1", "track_no", None),
    ("track-number", True, "track_no", None),
    ("album-disc-number", 2, "disc_no", 2),
    ("bitrate", 320_000, "bitrate", 320),
    ("bitrate", 0, "bitrate", None),
    ("bitrate", 4294967295, "bitrate", None),
    ("title", "a\udcff\nb\x00", "title", "a? b"),
    ("title", "", "title", None),
    ("title", " \t", "title", None),
    ("title", "Track 01", "title", None),
    ("title", "x" * 10_000, "title", "x" * 500),
    ("title", b"bytes", "title", None),
    ("artist", "Unknown Artist", "artists", ()),
    ("artist", "[unknown]", "artists", ()),
    ("artist", "Неизвестный исполнитель", "artists", ()),
    ("artist", "Unknown Mortal Orchestra", "artists", ("Unknown Mortal Orchestra",)),
    ("artist", "AC/DC", "artists", ("AC/DC",)),
]


@pytest.mark.parametrize(("key", "value", "field", "result"), SENSE)
def test_only_what_makes_sense_is_kept(key, value, field, result):
    tags = tags_of({key: [value], "album": ["Album"]}, 1000)
    assert getattr(tags, field) == result
    assert (tags.album, tags.length_ms) == ("Album", 1000)


def test_an_artist_is_named_once():
    assert tags_of({"artist": ["One", "Other", "One"]}, None).artists == (
        "One",
        "Other",
    )


def test_the_other_files_help_to_tell_an_encoding():
    alone = {"title": misread("ДДТ", "cp1251")}
    others = [misread(t, "cp1251")[0] for t in ("Родина", "Что такое осень")]
    assert tags_of(alone, None).title == "ÄÄÒ"
    assert tags_of(alone, None, others).title == "ДДТ"
    assert texts_of(alone | {"track-number": [1]}) == ["ÄÄÒ"]


@given(
    st.dictionaries(
        st.sampled_from(
            ["title", "artist", "datetime", "date", "track-number", "bitrate"]
        ),
        st.lists(st.text() | st.integers() | st.floats() | st.binary() | st.none()),
    ),
    st.none() | st.integers(),
)
def test_any_tags_are_clean(found, length_ms):
    tags = tags_of(found, length_ms)
    assert all(text == clean(text) for text in (tags.title or "", *tags.artists))
    assert tags.length_ms is None or tags.length_ms > 0


def test_genres_written_as_one_are_several():
    assert tags_of({"genre": ["Rock; Jazz"]}, None).genre == "Rock; Jazz"
    assert tags_of({"genre": ["Rock;Jazz", "Pop"]}, None).genre == "Rock; Jazz; Pop"


@pytest.mark.parametrize(
    ("path", "title"),
    [("A/07.mp3", "Untitled"), ("A/Track 7.mp3", "Untitled"), ("A/07 Song.mp3", None)],
)
def test_untitled_stays_if_the_file_name_says_no_more(path, title):
    assert tags_of({"title": ["Untitled"]}, None, (), path).title == title
