"""A CUE sheet becomes parts of the right file, or nothing at all."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.cue.sheet import MOST_BYTES, best_sheet, read_sheet
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.torrent.metainfo import Metainfo
from mopidy_vozduxan.torrent.tags import Part, Tags
from tests.metainfos import metainfo

EAC = """\
REM GENRE "Free Jazz"
REM DATE 1961-09
REM DISCID 5D0A7B08
REM DISCNUMBER 2
REM COMMENT "ExactAudioCopy v1.6"
CATALOG 0602517894563
PERFORMER "Ornette Coleman"
TITLE "Free Jazz"
FILE "Free Jazz.wav" WAVE
  TRACK 01 AUDIO
    TITLE "Free Jazz"
    PERFORMER "Ornette Coleman Double Quartet"
    ISRC USAT29900609
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "The "Other" Take"
    SONGWRITER "O. Coleman"
    INDEX 00 36:58:10
    INDEX 01 37:00:74
"""
FRAMES = (37 * 60) * 75 + 74


def read(text: str | bytes, files: Sequence[str], name: str = "Free Jazz.cue"):
    data = text.encode() if isinstance(text, str) else text
    return read_sheet(data, f"Album/{name}", torrent(files))


def torrent(files: Sequence[str]) -> Metainfo:
    return metainfo("Album", files)


def simple(file: str, *starts: str, command: str = "FILE") -> str:
    lines = [f'{command} "{file}" WAVE'] if file else []
    for number, start in enumerate(starts, 1):
        lines += [f"TRACK {number:02} AUDIO", f"INDEX 01 {start}"]
    return "\n".join(lines) + "\n"


def places(parts: Sequence[Part]) -> list[tuple[int, int, int | None]]:
    return [(part.number, part.start, part.stop) for part in parts]


def test_a_sheet_says_where_tracks_begin_and_what_they_are_called() -> None:
    parts = read(EAC, ["cover.jpg", "Free Jazz.wav"])[1]
    album = {
        "album": "Free Jazz",
        "albumartists": ("Ornette Coleman",),
        "genre": "Free Jazz",
        "date": "1961-09",
        "disc_no": 2,
    }
    one = Tags(
        "Free Jazz", artists=("Ornette Coleman Double Quartet",), track_no=1, **album
    )
    two = Tags(
        'The "Other" Take',
        artists=("Ornette Coleman",),
        composers=("O. Coleman",),
        track_no=2,
        **album,
    )
    assert parts == (Part(1, 0, FRAMES, one), Part(2, FRAMES, None, two))


@pytest.mark.parametrize(
    "encoded",
    [
        EAC.replace("\n", "\r\n").encode(),
        EAC.replace("\n", "\r").encode(),
        EAC.replace(" ", "\t").encode(),
        EAC.encode("utf-8-sig"),
        EAC.encode("utf-16"),
        EAC.encode("utf-16-be"),
        EAC.encode("utf-16-le"),
        EAC.lower().encode(),
        EAC.replace('FILE "Free Jazz.wav"', "FILE Free Jazz.wav").encode(),
    ],
)
def test_the_dress_of_the_text_does_not_matter(encoded: bytes) -> None:
    assert places(read(encoded, ["Free Jazz.wav"])[0]) == [
        (1, 0, FRAMES),
        (2, FRAMES, None),
    ]


def test_titles_of_an_old_encoding_do_not_make_a_sheet_unreadable() -> None:
    text = EAC.replace("Free Jazz", "Café Bleu").encode("cp1252")
    parts = read(text, ["Café Bleu.flac"])[0]
    assert parts[0].tags.title == "Café Bleu"


@pytest.mark.parametrize(
    ("named", "files"),
    [
        ("Album.wav", ["x.flac", "Album.wav", "Album.flac"]),
        ("ALBUM.WAV", ["x.flac", "Album.wav", "Album.flac"]),
        ("Album.wav", ["x.flac", "Album.ape"]),
        ("C:\\Rips\\Album.wav", ["x.flac", "Album.ape"]),
        ("../Rips/Album.wav", ["x.flac", "Album.ape"]),
        ("Re\u0301sume\u0301.wav", ["x.flac", "R\u00e9sum\u00e9.wv"]),
        ("CDImage.wav", ["x.flac", "Free Jazz.flac"]),
        ("CDImage.wav", ["x.flac", "cover.jpg", "Free Jazz.ape"]),
        ("CDImage.wav", ["cover.jpg", "whatever.flac"]),
        ("Range.mp3", ["notes.txt", "Range.mp3"]),
    ],
)
def test_the_file_is_found_though_the_sheet_calls_it_otherwise(
    named: str, files: list[str]
) -> None:
    divided = read(simple(named, "00:00:00", "01:00:00"), files)
    assert list(divided) == [len(files) - 1 if files[1:2] != ["Album.wav"] else 1]


@pytest.mark.parametrize(
    ("sheet", "named", "files"),
    [
        ("CUE/Album.cue", "Album.flac", ["a.flac", "Album.flac"]),
        ("CUE/Album.cue", "Album.wav", ["a.flac", "Album.wv"]),
        ("CUE/Album.cue", "CDImage.wav", ["a.flac", "Album.ape"]),
        ("CUE/Album.cue", "..\\Album.wav", ["CUE/Album.flac", "Album.flac"]),
        ("CUE/x.cue", "../flac/Album.wav", ["wav/Album.wav", "FLAC/Album.flac"]),
        ("CUE/Album.cue", "Album.wav", ["a.flac", "FLAC/Album.flac"]),
        ("Album.cue", "CD1\\x.wav", ["CD2/x.flac", "CD1/x.flac"]),
        ("Album.cue", "./CD1/x.wav", ["intro.mp3", "CD1/x.flac"]),
        ("CD1/Album.cue", "Image.wav", ["CD2/Image.flac", "CD1/Image.flac"]),
        ("CD1/Album.cue", "CD1/Image.wav", ["CD2/Image.flac", "CD1/Image.flac"]),
    ],
)
def test_the_file_may_be_in_another_folder_than_the_sheet(
    sheet: str, named: str, files: list[str]
) -> None:
    text = simple(named, "00:00:00", "01:00:00")
    assert list(read(text, files, sheet)) == [1]


def test_one_sheet_above_its_discs_divides_each() -> None:
    text = simple("CD1/x.wav", "00:00:00", "05:00:00") + (
        simple("CD2/x.wav", "00:00:00", "07:00:00")
        .replace("TRACK 02", "TRACK 04")
        .replace("TRACK 01", "TRACK 03")
    )
    assert list(read(text, ["CD1/x.flac", "CD2/x.flac"])) == [0, 1]


def test_a_sheet_named_after_the_whole_file_belongs_to_it() -> None:
    text = simple("CDImage.wav", "00:00:00", "01:00:00")
    assert list(read(text, ["a.flac", "b.flac"], "b.flac.cue")) == [1]


@pytest.mark.parametrize(
    ("named", "files"),
    [
        ("CDImage.wav", ["a.flac", "b.flac"]),  # two candidates
        ("a.wav", ["a.flac", "a.ape"]),
        ("a.wav", ["one/a.flac", "two/a.flac"]),
        ("a.wav", ["a.wma", "other/a.flac"]),  # that one, which cannot be cut
        ("a.wav", ["a.flac", "a.ape", "other/a.wav"]),
        ("Range.wav", ["CD1/CD1.flac", "CD2/CD2.flac"]),
        ("../../../a.wav", ["b.flac", "c.flac"]),
        ("a.bin", ["a.bin"]),  # no audio
        ("a.wma", ["a.wma"]),  # cannot be cut
    ],
)
def test_where_the_file_is_not_certain_all_files_stay_whole(
    named: str, files: list[str]
) -> None:
    with pytest.raises(BadInput):
        read(simple(named, "00:00:00", "01:00:00"), files)


def test_a_sheet_for_files_of_one_track_each_has_their_titles() -> None:
    each = "".join(
        simple(f"{n}.wav", "00:00:00").replace("01 AUDIO", f"0{n} AUDIO\nTITLE T{n}")
        for n in (1, 2)
    )
    found = read(each, ["1.flac", "2.ogg"])
    assert [places(parts) for parts in found.values()] == [
        [(1, 0, None)],
        [(2, 0, None)],
    ]
    tags = [parts[0].tags for parts in found.values()]
    assert [(one.title, one.track_no) for one in tags] == [("T1", 1), ("T2", 2)]


def test_a_sheet_of_whose_tracks_only_one_is_sound_names_no_file() -> None:
    text = simple("a.wav", "00:00:00", "soon", "later")
    with pytest.raises(BadInput):
        read(text, ["a.flac"])


SECOND = 75


@pytest.mark.parametrize(
    ("times", "starts"),
    [
        (["00:00", "01:30"], [0, 90 * SECOND]),
        (["00:00:00", "01:02:03:04"], [0, 3723 * SECOND + 4]),
        (["00:00:00", "00:10:75"], [0, 11 * SECOND]),
        (["00:00:00", "00:60:00"], [0, 60 * SECOND]),
        (["00:00:00 ; starts", "03:00:00 (live) 2"], [0, 180 * SECOND]),
        (["00:00:00", "120:00:00"], [0, 7200 * SECOND]),
        (["00:00:00", "soon", "02:00:00"], [0, 120 * SECOND]),
        (["00:00:00", "09:00:00", "02:00:00", "03:00:00"], [0, 9000, 13500]),
        (["00:00:00", "02:00:00", "02:00:00", "03:00:00"], [0, 9000, 13500]),
    ],
)
def test_times_are_read_as_people_write_them(
    times: list[str], starts: list[int]
) -> None:
    (parts,) = read(simple("a.wav", *times), ["a.flac"]).values()
    assert [part.start for part in parts] == starts
    assert [part.stop for part in parts] == [*starts[1:], None]


def test_a_track_without_an_index_is_left_out() -> None:
    text = simple("a.wav", "00:00:00", "01:00:00", "02:00:00")
    text = text.replace("INDEX 01 01:00:00", "INDEX 00 01:00:00")
    (parts,) = read(text, ["a.flac"]).values()
    assert places(parts) == [(1, 0, 9000), (3, 9000, None)]


def test_a_hundred_tracks_and_more_are_parts() -> None:
    text = simple("a.wav", *(f"{n:02}:00:00" for n in range(150)))
    (parts,) = read(text, ["a.flac"]).values()
    assert [part.number for part in parts] == list(range(1, 151))


@pytest.mark.parametrize("number", ["00", "02", "XX", "9999"])
def test_numbers_that_make_no_sense_are_counted_anew(number: str) -> None:
    text = simple("a.wav", "00:00:00", "01:00:00", "02:00:00")
    text = text.replace("TRACK 01", f"TRACK {number}")
    (parts,) = read(text, ["a.flac"]).values()
    assert places(parts) == [(1, 0, 4500), (2, 4500, 9000), (3, 9000, None)]
    assert [part.tags.track_no for part in parts][1:] == [2, 3]


def test_a_file_that_is_named_before_each_of_its_tracks_is_one_file() -> None:
    text = simple("a.wav", "00:00:00") + (
        simple("a.wav", "03:00:00").replace("TRACK 01", "TRACK 02")
    )
    (parts,) = read(text, ["a.flac"]).values()
    assert places(parts) == [(1, 0, 13500), (2, 13500, None)]


def test_a_file_in_which_no_track_starts_is_no_harm() -> None:
    text = 'FILE "data.bin" BINARY\n' + simple("a.wav", "00:00:00", "01:00:00")
    assert list(read(text, ["a.flac", "b.flac"])) == [0]


def test_one_sheet_divides_both_sides_of_a_record() -> None:
    text = simple("Side A.wav", "00:00:00", "05:00:00") + (
        simple("Side B.wav", "00:00:00", "07:00:00")
        .replace("TRACK 02", "TRACK 04")
        .replace("TRACK 01", "TRACK 03")
    )
    divided = read(text, ["Side A.flac", "Side B.flac"])
    assert [places(parts) for parts in divided.values()] == [
        [(1, 0, 22500), (2, 22500, None)],
        [(3, 0, 31500), (4, 31500, None)],
    ]


def test_a_gap_before_the_first_track_is_skipped_but_a_hidden_song_is_not() -> None:
    (parts,) = read(simple("a.wav", "00:02:00", "01:00:00"), ["a.flac"]).values()
    assert places(parts)[0] == (1, 150, 4500)
    (parts,) = read(simple("a.wav", "00:10:00", "01:00:00"), ["a.flac"]).values()
    assert places(parts)[0] == (1, 0, 4500)


def test_a_data_track_ends_the_one_before_it_and_is_none_itself() -> None:
    text = simple("a.wav", "00:00:00", "01:00:00", "02:00:00")
    text = text.replace("TRACK 03 AUDIO", "TRACK 03 MODE1/2352")
    (parts,) = read(text, ["a.flac"]).values()
    assert places(parts) == [(1, 0, 4500), (2, 4500, 9000)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a sheet",
        simple("", "00:00:00", "01:00:00"),
        simple("a.wav"),
        simple("a.wav", "01:00:00", "00:00:00"),
        simple("a.wav", "00:00:00", "00:00:00"),
        simple("a.wav", "00:00:00", "one minute"),
        simple("a.wav", "00:00:00", "1:2:3:4:5"),
        'FILE "a.wav" WAVE\nINDEX 01 00:00:00\n',
        simple("a.wav", "00:00:00", "01:00:00") + " " * MOST_BYTES,
    ],
)
def test_a_sheet_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read(text, ["a.flac"])


def test_of_several_sheets_of_a_file_the_one_that_says_most_counts() -> None:
    bare = (Part(1, 0, 75, Tags()), Part(2, 75, None, Tags()))
    named = tuple(Part(p.number, p.start, p.stop, Tags("x")) for p in bare)
    assert best_sheet([bare, named, named[:1]]) is named
    assert best_sheet([]) == ()


WORDS = st.sampled_from(
    'FILE TRACK INDEX TITLE REM DATE 01 02 AUDIO WAVE " a.wav 00:00:00'
    " 01:00:00 -1:00:00 \n \r\n \t ²".split(" ")
)


@given(
    st.binary(max_size=300)
    | st.lists(WORDS | st.text(max_size=5), max_size=60).map(
        lambda words: " ".join(words).encode("utf-8", "replace")
    ),
    st.sampled_from(["a.cue", "Album/a.cue", "/", ""]),
)
def test_no_text_does_worse_than_being_refused(data: bytes, path: str) -> None:
    try:
        divided = read_sheet(data, path, torrent(["a.flac", "b.wav"]))
    except BadInput:
        return
    for parts in divided.values():
        for before, after in itertools.pairwise(parts):
            assert before.stop is not None
            assert before.start < before.stop <= after.start


def test_a_sheet_of_many_files_takes_no_longer_than_one_of_few() -> None:
    """Who makes the torrent chooses both numbers: 49 names among 50,000 took 4 s."""
    among = torrent([f"{n:05}.flac" for n in range(10_000)])

    def seconds(files: int) -> float:
        sheet = "".join(
            f'FILE "x{n}.flac" WAVE\n'
            f"TRACK {2 * n + 1:02} AUDIO\nINDEX 01 00:00:00\n"
            f"TRACK {2 * n + 2:02} AUDIO\nINDEX 01 01:00:00\n"
            for n in range(files)
        )
        begin = time.thread_time()
        with pytest.raises(BadInput):
            read_sheet(sheet.encode(), "Album/a.cue", among)
        return time.thread_time() - begin

    def least(files: int) -> float:
        return min(seconds(files) for _ in range(3))

    assert least(40) < 5 * least(1)
