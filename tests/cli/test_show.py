"""Tables and sizes, for people."""

from __future__ import annotations

import pytest

from mopidy_vozduxan.cli import show


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (None, "-"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_940, "99.9 kB"),
        (99_960, "100 kB"),
        (999_400, "999 kB"),
        (999_600, "1.0 MB"),
        (1_500_000_000, "1.5 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_are_short(count: object, shown: str) -> None:
    assert show.size(count) == shown


def test_columns_are_aligned_as_a_terminal_shows_them() -> None:
    rows = [("NAME", "SIZE"), ("音楽", "1 B"), ("e\u0301te\u0301", "10 kB")]
    assert show.table(rows, numbers=(1,)).splitlines() == [
        "NAME   SIZE",
        "音楽    1 B",
        "e\u0301te\u0301   10 kB",
    ]


def test_names_are_cut_by_what_they_take_in_a_terminal() -> None:
    rows = [("音楽音楽音楽音楽音楽", "1 B"), ("Été", "2 B")]
    assert show.table(rows, (1,), room=22).splitlines() == [
        "音楽音楽音楽音楽…  1 B",
        "Été                2 B",
    ]
    assert show.table(rows, (1,), room=1) == show.table(rows, (1,), room=21)


def test_names_cannot_steer_the_terminal() -> None:
    hostile = "a\x1b[31mb\nc\rd\u202ee\x00"
    assert show.plain(hostile) == "a\ufffd[31mb\ufffdc\ufffdd\ufffde\ufffd"
    assert show.plain("Été — 音楽") == "Été — 音楽"
