"""Names of copies: nothing leaves the folder, and everything is legal there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.naming.portable_names import LONGEST, paths_for
from mopidy_vozduxan.torrent.metainfo import TorrentFile


def exported(*paths, fat=False):
    files = [TorrentFile(i, path, 0, 1) for i, path in enumerate(paths)]
    found = paths_for(files, fat=fat)
    return ["/".join(found[index]) for index in range(len(paths))]


@pytest.mark.parametrize(
    ("path", "everywhere", "on_fat"),
    [
        (
            "Album/01 - Ünïcode.flac",
            "Album/01 - Ünïcode.flac",
            "Album/01 - Ünïcode.flac",
        ),
        ("../../etc/passwd", "_/_/etc/passwd", "_/_/etc/passwd"),
        ("/etc//./passwd", "etc/passwd", "etc/passwd"),
        ("...", "...", "_"),
        ("", "_", "_"),
        ('A/What? No: "Yes".mp3', 'A/What? No: "Yes".mp3', "A/What_ No_ _Yes_.mp3"),
        ("A. ./b .flac", "A. ./b .flac", "A/b .flac"),
        ("a\\b\x00\x1f/\x7f", "a\\b__/_", "a_b__/_"),
        (
            "con/nul.txt/Console.mp3",
            "con/nul.txt/Console.mp3",
            "_con/_nul.txt/Console.mp3",
        ),
        ("COM¹", "COM¹", "_COM¹"),
    ],
)
def test_a_name_stays_if_it_is_legal(path, everywhere, on_fat):
    assert exported(path) == [everywhere]
    assert exported(path, fat=True) == [on_fat]


def test_names_that_become_the_same_are_told_apart():
    assert exported("a.mp3", "A.mp3") == ["a.mp3", "A.mp3"]
    assert exported("a.mp3", "A.mp3", "a.mp3", fat=True) == [
        "a.mp3",
        "A (2).mp3",
        "a (3).mp3",
    ]
    assert exported("x?.mp3", "x*.mp3", fat=True) == ["x_.mp3", "x_ (2).mp3"]


def test_a_file_makes_room_for_a_folder_of_its_name():
    assert exported("a", "a/b") == ["a (2)", "a/b"]


def test_a_long_name_is_cut_and_keeps_its_ending():
    (name,) = exported("ж" * 200 + ".flac")
    assert name.endswith("ж.flac")
    assert LONGEST - 1 <= len(name.encode()) <= LONGEST
    first, second = exported("x" * 300 + ".mp3", "x" * 299 + ".mp3")
    assert first != second
    assert max(len(first), len(second)) <= LONGEST


ODD = ["..", ".", "", "a", "A", "nul", "b.", "x" * 300, "\x00", "?:", "ß"]
HOSTILE = st.lists(
    st.sampled_from(ODD) | st.text(max_size=5),
    min_size=1,
    max_size=4,
).map("/".join)


@given(st.lists(HOSTILE, max_size=8), st.booleans())
def test_no_path_leaves_the_folder_and_none_is_in_the_way_of_another(paths, fat):
    files = [TorrentFile(i, path, 0, 1) for i, path in enumerate(paths)]
    found = list(paths_for(files, fat=fat).values())
    parts = [part for path in found for part in path]
    assert not {"", ".", ".."} & set(parts)
    assert not any("/" in part or "\0" in part for part in parts)
    assert all(len(part.encode()) <= LONGEST for part in parts)
    keys = [tuple(p.casefold() for p in path) if fat else path for path in found]
    assert len(set(keys)) == len(keys)
    folders = {key[:depth] for key in keys for depth in range(1, len(key))}
    assert not folders & set(keys)
    if fat:
        assert not any(set('"*:<>?\\|') & set(part) for part in parts)
        assert not any(part.endswith((".", " ")) for part in parts)
