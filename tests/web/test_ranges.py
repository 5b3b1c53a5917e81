"""RFC 9110, as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.web.ranges import Answer, Conditions, content_range, decide

SIZE = 1000
ETAG = "ab12-3"
WHOLE = Answer(200, 0, SIZE)


def answer(size: int = SIZE, head: bool = False, **fields: str) -> Answer:
    return decide(Conditions(**fields), size=size, etag=ETAG, head=head)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("bytes=0-", Answer(206, 0, 1000)),
        ("bytes=0-0", Answer(206, 0, 1)),
        ("bytes=10-19", Answer(206, 10, 20)),
        ("bytes=999-", Answer(206, 999, 1000)),
        ("bytes=990-5000", Answer(206, 990, 1000)),
        ("bytes=-1", Answer(206, 999, 1000)),
        ("bytes=-5000", Answer(206, 0, 1000)),
        ("Bytes=0-9", Answer(206, 0, 10)),
        ("bytes=00000000000000000000000000001-2", Answer(206, 1, 3)),
        ("bytes=5-" + "9" * 20, Answer(206, 5, 1000)),
        ("bytes=-" + "9" * 6000, Answer(206, 0, 1000)),
        ("bytes=,0-9", Answer(206, 0, 10)),
        ("bytes=0-9 , ,", Answer(206, 0, 10)),
    ],
)
def test_one_satisfiable_range_is_a_206(field, expected):
    assert answer(range=field) == expected


@pytest.mark.parametrize(
    "field", ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=" + "9" * 6000 + "-"]
)
def test_an_unsatisfiable_range_is_a_416(field):
    assert answer(range=field) == Answer(416)


@pytest.mark.parametrize(
    "field",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=,",
        "bytes=abc",
        "bytes=5-4",
        "bytes=+1-",
        "bytes=1-+2",
        "bytes=--1",
        "bytes=1-2-3",
        "bytes=1_0-",
        "bytes=0x1-",
        "bytes=1.0-2",
        "bytes= 0-1",
        "bytes=0 - 1",
        "bytes =0-1",
        "bytes=0-1;",
        "bytes=0-1\n",
        "bytes=\u0661-\u0662",
        "bytes=\uff11-",
        "bytes=0-9,oops",
        "items=0-1",
        "xbytes=0-1",
        "seconds=1-2",
    ],
)
def test_a_malformed_range_or_another_unit_is_ignored(field):
    assert answer(range=field) == WHOLE


@pytest.mark.parametrize("field", ["bytes=0-1,5-6", "bytes=0-,0-", "bytes=0-0, -1"])
def test_several_ranges_are_answered_with_the_whole(field):
    assert answer(range=field) == WHOLE


def test_an_empty_stream_satisfies_no_offset():
    assert answer(size=0, range="bytes=0-") == Answer(416)
    assert content_range(Answer(416), 0) == "bytes */0"


def test_a_suffix_of_an_empty_stream_is_all_of_it():
    assert answer(size=0, range="bytes=-5") == Answer(200, 0, 0)


def test_content_range_counts_the_last_byte_in():
    assert content_range(Answer(206, 10, 20), SIZE) == "bytes 10-19/1000"
    assert content_range(WHOLE, SIZE) is None


def test_head_has_no_ranges():
    assert answer(head=True, range="bytes=5-") == WHOLE
    assert answer(head=True, range="bytes=5000-") == WHOLE


@pytest.mark.parametrize(
    ("field", "partial"),
    [
        ('"ab12-3"', True),
        (' "ab12-3" ', True),
        ('W/"ab12-3"', False),
        ("ab12-3", False),
        ('"other"', False),
        ("*", False),
        ('"ab12-3", "other"', False),
        ("Sun, 22 Nov 2026 12:00:00 GMT", False),
    ],
)
def test_if_range_wants_the_same_strong_etag(field, partial):
    expected = Answer(206, 5, 10) if partial else WHOLE
    assert answer(range="bytes=5-9", if_range=field) == expected


def test_if_range_that_does_not_match_also_excuses_an_unsatisfiable_range():
    assert answer(range="bytes=5000-", if_range='"other"') == WHOLE
    assert answer(range="bytes=5000-", if_range='"ab12-3"') == Answer(416)


@pytest.mark.parametrize(
    ("field", "status"),
    [
        ('"ab12-3"', 304),
        ('W/"ab12-3"', 304),
        ('"x", W/"ab12-3" , "y"', 304),
        ("*", 304),
        ('"x"', 200),
        ("ab12-3", 200),
        ('"*"', 200),
        ('"', 200),
        ("", 200),
    ],
)
def test_if_none_match_compares_weakly(field, status):
    assert answer(if_none_match=field).status == status
    assert answer(if_none_match=field, head=True).status == status


@pytest.mark.parametrize(
    ("field", "status"),
    [
        ('"ab12-3"', 200),
        ('"x","ab12-3"', 200),
        ("*", 200),
        ('W/"ab12-3"', 412),
        ('"x"', 412),
        ("ab12-3", 412),
        ("", 412),
    ],
)
def test_if_match_compares_strongly(field, status):
    assert answer(if_match=field).status == status


def test_conditions_are_looked_at_in_the_order_of_the_rfc():
    same, other = '"ab12-3"', '"x"'
    assert answer(if_match=other, if_none_match=same).status == 412
    assert answer(if_match=same, if_none_match=same).status == 304
    assert answer(if_none_match=same, range="bytes=5000-").status == 304
    assert answer(if_match=other, range="bytes=0-1").status == 412


_texts = st.one_of(
    st.text(),
    st.from_regex(r"(?i)bytes=[-0-9, +]{0,30}", fullmatch=True),
    st.from_regex(r'((W/)?"[a-z*]?"?,? ?){0,9}', fullmatch=True),
    st.just(f'"{ETAG}"'),
)


@given(
    fields=st.dictionaries(
        st.sampled_from(["range", "if_range", "if_match", "if_none_match"]), _texts
    ),
    size=st.integers(0, 1 << 50),
    head=st.booleans(),
)
def test_nothing_a_client_sends_raises_or_leaves_the_stream(fields, size, head):
    got = answer(size, head, **fields)
    assert got.status in (200, 206, 304, 412, 416)
    assert 0 <= got.start <= got.stop <= size
    if got.status == 206:
        assert got.start < got.stop
    if got.status == 200:
        assert (got.start, got.stop) == (0, size)


@given(data=st.data(), size=st.integers(1, 1 << 40))
def test_a_range_means_what_python_slices_mean(data, size):
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, 2 * size))
    got = answer(size, range=f"bytes={first}-{last}")
    assert got == Answer(206, first, min(last + 1, size))
    suffix = data.draw(st.integers(1, 2 * size))
    got = answer(size, range=f"bytes=-{suffix}")
    assert got == Answer(206, max(0, size - suffix), size)
