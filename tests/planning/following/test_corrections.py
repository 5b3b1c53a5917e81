"""Which entries of the tracklist give way: by tables, and by any example."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.planning.following.corrections import Edit, Entry, decide

MAGNET = "magnet"


def first_alone(tracks):
    return tracks[:1], tracks[1:]


def entries_of(text):
    """``"a M b"`` is a track a, a stand-in M, a track b; tlids count from 1.

    A track's true form is in upper case: ``"a"`` should become ``"A"``.
    """
    return [
        Entry(tlid, word, word, stands_in=word.startswith("M"))
        for tlid, word in enumerate(text.split(), 1)
    ]


def decided(text, known, held=(), continued=()):
    return decide(entries_of(text), known, set(held), set(continued), first_alone)


M = {"M": ["x", "y", "z"]}


@pytest.mark.parametrize(
    ("text", "known", "held", "continued", "edits"),
    [
        ("a b", {}, [], [], []),
        ("a b", {"a": ["a"], "b": ["b"]}, [], [], []),
        ("M", {}, [], [], []),
        ("M", M, [], [], [Edit(1, ("x", "y", "z"), (1,))]),
        ("a M b", M, [], [], [Edit(2, ("x", "y", "z"), (2,))]),
        ("M a M", M, [], [], [Edit(1, (*"xyz",), (1,)), Edit(3, (*"xyz",), (3,))]),
        # What plays, or is selected, stays; the others follow it, once.
        ("M a", M, [1], [], [Edit(1, ("y", "z"), ())]),
        ("M y z a", M, [1], [1], []),
        ("M y z a", M, [], [1], [Edit(1, ("x",), (1,))]),
        ("M a", {"M": ["x"]}, [1], [], []),
        ("M a", {"M": ["x"]}, [], [], [Edit(1, ("x",), (1,))]),
        # A torrent without audio leaves no trace, but for what plays.
        ("a M b", {"M": []}, [], [], [Edit(2, (), (2,))]),
        ("a M b", {"M": []}, [2], [], []),
        # Tracks whose truth came; neighbours in one go.
        ("a b c", {"a": ["A"], "b": ["B"]}, [], [], [Edit(2, ("A", "B"), (1, 2))]),
        ("a b c", {"a": ["A"], "b": ["B"]}, [1], [], [Edit(2, ("B",), (2,))]),
        ("a b c", {"a": ["A"], "c": ["C"]}, [], [], None),
        # A sheet divides a file.
        ("a b", {"a": ["a1", "a2"]}, [], [], [Edit(1, ("a1", "a2"), (1,))]),
        # A track that left the catalog may still play.
        ("a b", {"a": []}, [], [], []),
    ],
)
def test_what_is_decided(text, known, held, continued, edits):
    if edits is None:
        edits = [Edit(1, ("A",), (1,)), Edit(3, ("C",), (3,))]
    assert list(decided(text, known, held, continued).edits) == edits


@pytest.mark.parametrize(
    ("text", "known", "held", "postponed"),
    [
        ("M a", M, [], set()),
        ("M a", M, [1], {"M"}),
        ("a b", {"a": ["A"]}, [1], {"a"}),
        ("a b", {"a": ["a"]}, [1], set()),
    ],
)
def test_what_is_held_has_to_wait(text, known, held, postponed):
    assert decided(text, known, held).postponed == postponed


words = st.sampled_from(["a", "b", "c", "M", "Mo"])
truths = st.dictionaries(
    words, st.lists(st.sampled_from(["A", "B", "x", "y"]), max_size=4)
)


@given(
    st.lists(words, max_size=8),
    truths,
    st.sets(st.integers(1, 8), max_size=3),
)
def test_edits_made_one_by_one_lead_to_the_truth(text, known, held):
    """Order stays, what is held stays, and in the end nothing is left to do."""
    entries = entries_of(" ".join(text))
    held &= {entry.tlid for entry in entries}
    continued, made = set(), 0
    expected = [word for entry in entries for word in wanted(entry, known, held)]
    while edits := decide(entries, known, held, continued, first_alone).edits:
        entries = make(entries, edits[0], continued, next_tlid=100 * (made + 1))
        made += 1
        assert made <= len(text)
    assert [entry.track for entry in entries] == expected
    assert held <= {entry.tlid for entry in entries}


def wanted(entry, known, held):
    truth = known.get(entry.uri)
    if truth is None or (not truth and not entry.stands_in):
        return [entry.track]
    if entry.tlid in held:
        return [entry.track, *(truth[1:] if entry.stands_in else [])]
    return truth


def make(entries, edit, continued, next_tlid):
    place = [entry.tlid for entry in entries].index(edit.after) + 1
    new = [
        Entry(next_tlid + n, track, track, stands_in=False)
        for n, track in enumerate(edit.tracks)
    ]
    if not edit.removed:
        continued.add(edit.after)
    whole = [*entries[:place], *new, *entries[place:]]
    return [entry for entry in whole if entry.tlid not in edit.removed]
