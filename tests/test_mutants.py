"""The faults that ``scripts/mutants`` puts into a module."""

from __future__ import annotations

import ast

import pytest

from scripts.lib.mutants.changes import changes


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a < b", "a <= b"),
        ("a == b", "a != b"),
        ("a in b < c", "a not in b < c"),
        ("a and b", "a or b"),
        ("a + b", "a - b"),
        ("a -= b", "a += b"),
        ("if not a:\n    b", "if not not a:\n    b"),
        ("a = 7", "a = 8"),
        ("a = True", "a = False"),
        ("a = 1 if b or c else 2", "a = 2 if b or c else 2"),
        ("def f():\n    return a", "def f():\n    return None"),
    ],
)
def test_a_fault_of_each_kind(text, fault):
    assert fault in [change.source for change in changes(text)]


@pytest.mark.parametrize(
    "text",
    [
        '"""A docstring."""',
        "a: Literal[1] = b",
        "def f(a: Literal[1]) -> Literal[2]: ...",
        "def f():\n    return",
        "def f():\n    return None",
        "if TYPE_CHECKING:\n    a = 1",
        "a = b if c else 'text'",
    ],
)
def test_what_nothing_could_notice_stays(text):
    assert list(changes(text)) == []


def test_each_fault_is_alone():
    text = "def f(a, b):\n    return a < 1 and b > 2\n"
    found = list(changes(text))
    assert len({change.source for change in found}) == len(found) == 6
    assert {change.line for change in found} == {2}
    assert str(found[2]) == "2: a < 1  ->  a <= 1"
    assert all(ast.parse(change.source) for change in found)
