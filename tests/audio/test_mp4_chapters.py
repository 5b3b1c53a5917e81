"""Chapters of M4B: Nero's list, or QuickTime's track of texts."""

from __future__ import annotations

import random
import struct
import time

import pytest

from mopidy_vozduxan.audio.chapters import Chapter
from mopidy_vozduxan.audio.mp4_chapters import read_chapters
from mopidy_vozduxan.cue.chapter_parts import parts_of_chapters
from mopidy_vozduxan.torrent.tags import Tags
from tests.audio.looking import looked
from tests.rig.chapters import box, listed, tracked

CHAPTERS = [(0, "Opening"), (61_500, "Глава 1"), (125_040, "")]
WANTED = [Chapter(ms, title) for ms, title in CHAPTERS]


def found(data: bytes) -> list[Chapter]:
    return looked(data, read_chapters(0, len(data))).found


def listing(chapters: list[tuple[int, str]]) -> bytes:
    return (
        box(b"ftyp", b"M4B ") + box(b"mdat", bytes(99)) + box(b"moov", listed(chapters))
    )


@pytest.mark.parametrize("apart", [0, 300_000])
def test_both_kinds_are_read(apart: int) -> None:
    assert found(listing(CHAPTERS)) == WANTED
    assert found(tracked(CHAPTERS, 200_000, apart)) == WANTED


def test_a_list_counts_more_than_a_track() -> None:
    data = tracked([(0, "x"), (5, "y")], 10)
    at = data.rindex(b"moov") - 4
    both = data[:at] + box(b"moov", data[at + 8 :], listed(CHAPTERS))
    assert found(both) == WANTED


def test_texts_in_one_place_are_read_at_once() -> None:
    many = [(n * 1000, f"Chapter {n}") for n in range(500)]
    data = tracked(many, 500_000)
    seen = looked(data, read_chapters(0, len(data)))
    assert [chapter.title for chapter in seen.found][:2] == ["Chapter 0", "Chapter 1"]
    assert len(seen.found) == 500
    assert seen.looks < 10
    scattered = tracked(many, 500_000, 300_000)
    seen = looked(scattered, read_chapters(0, len(scattered)))
    assert len(seen.found) == 500
    assert seen.looks < 80
    assert seen.found[-1].title == ""


@pytest.mark.parametrize(
    "data", [b"", b"x" * 99, box(b"ftyp", b"M4A "), box(b"moov"), listing([])]
)
def test_without_chapters_there_are_none(data: bytes) -> None:
    assert found(data) == []


def test_no_damage_breaks_it_or_takes_long() -> None:
    rng = random.Random(9)
    begin = time.thread_time()
    for whole in (listing(CHAPTERS), tracked(CHAPTERS, 200_000)):
        for _ in range(2000):
            data = bytearray(whole)
            for _ in range(rng.choice((1, 4, 40))):
                data[rng.randrange(len(data))] = rng.choice((0, 1, 255, 97))
            try:
                seen = looked(bytes(data), read_chapters(0, len(data)))
            except struct.error:  # as Container allows
                continue
            assert seen.looks < 200
    assert time.thread_time() - begin < 60


def test_chapters_are_parts_with_the_tags_of_their_file() -> None:
    file = Tags(title="The Book", artists=("A",), genre="Speech", length_ms=200_000)
    parts = parts_of_chapters(WANTED, 200_000, file)
    assert [(p.number, p.start, p.stop) for p in parts] == [
        (1, 0, 4612),
        (2, 4612, 9378),
        (3, 9378, None),
    ]
    tags = [part.tags for part in parts]
    assert [one.title for one in tags] == ["Opening", "Глава 1", "Chapter 3"]
    assert {one.album for one in tags} == {"The Book"}
    assert {one.artists for one in tags} == {("A",)}


@pytest.mark.parametrize(
    "chapters",
    [[], WANTED[:1], [Chapter(0, "a"), Chapter(5, "b")], WANTED[::-1]],
)
def test_chapters_that_divide_nothing_are_no_parts(chapters: list[Chapter]) -> None:
    assert parts_of_chapters(chapters, 200_000, Tags()) == ()
    assert parts_of_chapters(WANTED, 60_000, Tags()) == ()
