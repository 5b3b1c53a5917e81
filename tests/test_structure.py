"""What ``scripts/structure`` finds in a package that breaks its rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.lib.structure import rules
from scripts.lib.structure.circles import circles
from scripts.lib.structure.layers import order
from scripts.lib.structure.package import read

LAYOUT = """
Text before it.

::

    house/
      __init__.py  what Mopidy starts
      ext.conf     defaults
      web/         HTTP; also
                   streaming/ of bytes
      covers/ streaming/   pictures; state
      engine/      libtorrent
      planning/    pure
      torrent/     values

engine/ is named here again.
"""

Found = Callable[..., list[str]]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """What one rule finds in a package with these files, given by path and text."""

    def run(rule: str, files: dict[str, str]) -> list[str]:
        for name, text in files.items():
            path = tmp_path / "house" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        package = read(tmp_path / "house")
        house = rules.House("house", package, order(LAYOUT, "house"))
        return [str(broken) for broken in getattr(rules, rule)(house)]

    return run


def test_the_order_is_that_of_the_layout():
    layers = ["__init__", "web", "covers", "streaming", "engine", "planning", "torrent"]
    assert order(LAYOUT, "house") == layers


def test_a_text_without_a_layout_is_an_error():
    with pytest.raises(ValueError, match="no layout"):
        order("house/ is a package", "house")


def test_a_folder_that_the_layout_does_not_name(found):
    files = {"cue/a.py": "", "web/a.py": "", "__init__.py": ""}
    text = found("every_layer_has_its_place", files)
    assert "house/cue/a.py:1: cue is not in the layout" in text
    assert "docs/architecture.rst:1: there is no torrent" in text
    assert not any("web" in one for one in text)


@pytest.mark.parametrize(
    "text",
    [
        "from house.web import a",
        "from house.web.a import b",
        "import house.web.a",
        "def late():\n    from house.web import a",
        "if TYPE_CHECKING:\n    from house.web.a import b",
    ],
)
def test_an_import_that_runs_up(found, text):
    files = {"web/a.py": "b = 1", "engine/c.py": text}
    [one] = found("no_import_runs_up", files)
    assert one.startswith("house/engine/c.py:")
    assert "engine imports house.web" in one


def test_an_import_that_runs_down_or_stays_is_right(found):
    files = {
        "web/a.py": "from house.engine import c",
        "engine/c.py": "from house.engine.d import e\nimport os",
        "engine/d.py": "",
    }
    assert found("no_import_runs_up", files) == []


def test_a_line_of_the_layout_is_ordered_too(found):
    files = {"covers/a.py": "", "streaming/b.py": "from house.covers import a"}
    assert len(found("no_import_runs_up", files)) == 1


def test_a_circle_through_a_lazy_import(found):
    files = {
        "web/a.py": "from house.web import b",
        "web/b.py": "from house.web.c import D",
        "web/c.py": "def late():\n    from house.web.a import e",
    }
    [one] = found("no_import_circle", files)
    way = "house/web/a.py -> house/web/b.py -> house/web/c.py -> house/web/a.py"
    assert one == f"house/web/a.py:1: imports itself: {way}"


def test_circles_have_no_edge_in_common():
    edges = [(1, 2), (2, 1), (2, 3), (3, 1), (3, 4), (4, 4)]
    edges = [(str(start), str(end)) for start, end in edges]
    assert list(circles(edges)) == [["4"], ["1", "2"]]


def test_libtorrent_is_imported_in_the_engine_alone(found):
    text = "def late():\n    import libtorrent"
    files = {"web/a.py": text, "engine/b.py": text}
    text = found("libtorrent_stays_in_the_engine", files)
    assert text == ["house/web/a.py:2: imports libtorrent"]


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "import asyncio",
        "from pathlib import Path",
        "from datetime import datetime",
        "from mopidy import models",
        "import urllib.request",
        "open('a')",
    ],
)
@pytest.mark.parametrize("layer", ["planning", "torrent"])
def test_what_pure_code_may_not_do(found, layer, text):
    assert len(found("pure_layers_are_pure", {f"{layer}/a.py": text})) == 1


def test_what_pure_code_may_import(found):
    text = """
import collections.abc
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote
from house.torrent import b
"""
    files = {"planning/a.py": text, "torrent/b.py": "", "web/c.py": "import time"}
    assert found("pure_layers_are_pure", files) == []


def test_two_modules_of_one_name(found):
    files = {"web/a.py": "", "engine/a.py": "", "web/b.py": "", "engine/b/c.py": ""}
    assert found("one_name_is_one_module", files) == [
        "house/engine/a.py:1: house/web/a.py has the same name"
    ]


def test_a_folder_and_a_module_elsewhere_of_one_name(found):
    files = {"covers/__init__.py": "", "covers/covers.py": "", "web/covers.py": ""}
    [one] = found("one_name_is_one_module", files)
    assert "house/web/covers.py" in one
    assert "covers/covers.py" not in one


def test_a_name_of_one_noun_may_stand_twice(found, monkeypatch):
    monkeypatch.setitem(rules.SAME_NOUN, "a", "the reason")
    assert found("one_name_is_one_module", {"web/a.py": "", "engine/a.py": ""}) == []


STREAM = """
class Stream:
    length: int
    def __init__(self):
        self.failure = None
def start(stream):
    stream.failure = 1  # at home
"""


@pytest.mark.parametrize(
    "text",
    ["a.failure = 1", "a.length += 1", "self.a.failure: int = 1", "del a.failure"],
)
def test_an_attribute_written_from_outside(found, text):
    files = {"streaming/stream.py": STREAM, "streaming/other.py": text}
    [one] = found("attributes_are_written_at_home", files)
    assert one.startswith("house/streaming/other.py:1: writes ")


def test_who_imports_streaming_writes_nothing_of_it_either(found):
    use = "from house.streaming import stream\n"
    files = {
        "streaming/stream.py": STREAM,
        "web/a.py": use + "s.failure = 1\ns.foreign = 1",
        "web/b.py": "s.failure = 1",
    }
    [one] = found("attributes_are_written_at_home", files)
    assert one.startswith("house/web/a.py:2: writes s.failure")


def test_what_is_our_own_or_only_read_is_right(found):
    text = "self.failure = 1\nx = stream.failure"
    files = {"streaming/stream.py": STREAM, "streaming/other.py": text}
    assert found("attributes_are_written_at_home", files) == []
