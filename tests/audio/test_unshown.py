"""Archives and images of discs: why they are no tracks."""

from __future__ import annotations

import pytest

from mopidy_vozduxan.audio.unshown import what_is_hidden, why_not_shown
from tests.metainfos import metainfo


@pytest.mark.parametrize(
    "name", ["Album.ISO", "a.zip", "a.rar", "a.r00", "a.part01.rar", "a.7z", "a.z01"]
)
def test_it_is_said_why(name: str) -> None:
    assert why_not_shown(f"Album/{name}")
    said = what_is_hidden(metainfo("Album", [name]).files)
    assert said and said.startswith(f"“{name}” is an ")


@pytest.mark.parametrize("name", ["a.flac", "a.jpg", "a.669", "a", "a.001x", "a.txt"])
def test_nothing_is_said_of_the_rest(name: str) -> None:
    assert why_not_shown(name) is None
    assert what_is_hidden(metainfo("Album", [name]).files) is None


def test_pictures_packed_beside_the_tracks_are_not_worth_a_word() -> None:
    assert (
        what_is_hidden(metainfo("A", ["1.flac", "2.flac", "scans.zip"]).files) is None
    )
