"""A catalog that a disk has spoiled, under a real Mopidy."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path
from typing import Any

from tests.e2e.stage import until
from tests.rig.mopidy import MopidyProcess
from tests.torrent_files import multi_file

COUNT = 60
ROOT = "vozduxan:directory:root"
PAGE = 4096


def _torrents(mopidy: MopidyProcess) -> list[str]:
    refs = mopidy.rpc("core.library.browse", uri=ROOT)
    return [ref["name"] for ref in refs if ref["type"] == "album"]


def _library(tmp_path: Path) -> dict[str, Any]:
    """The configuration of a library of COUNT torrents."""
    folder = tmp_path / "torrents"
    folder.mkdir()
    for number in range(COUNT):
        torrent = multi_file(f"Artist - Album {number:02}", {"1 - One.mp3": b"1"})
        (folder / f"{number}.torrent").write_bytes(torrent)
    return {"vozduxan": {"torrent_dirs": folder, "scan_tags": "never"}}


def test_what_takes_the_catalogs_place_is_set_aside_or_begun_anew(
    tmp_path: Path,
) -> None:
    """A folder before the start; nothing at all while Mopidy runs."""
    config = _library(tmp_path)
    file = tmp_path / "mopidy" / "data" / "vozduxan" / "catalog.db"
    file.mkdir(parents=True)
    with MopidyProcess(tmp_path / "mopidy", config, mpd=False, offline=True) as mopidy:
        until(lambda: len(_torrents(mopidy)) == COUNT)
        db = sqlite3.connect(file)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        os.truncate(file, 0)
        mopidy.rpc("core.library.search", query={"any": ["album 07"]})
        until(lambda: len(list(file.parent.glob("catalog.db.damaged-*[0-9]"))) == 2)
        until(lambda: len(_torrents(mopidy)) == COUNT)
        assert "Traceback" not in mopidy.log


def test_a_spoiled_catalog_is_whole_again_while_mopidy_runs(tmp_path: Path) -> None:
    config = _library(tmp_path)
    with MopidyProcess(tmp_path / "mopidy", config, mpd=False, offline=True) as mopidy:
        until(lambda: len(_torrents(mopidy)) == COUNT)
        before = _torrents(mopidy)
    file = tmp_path / "mopidy" / "data" / "vozduxan" / "catalog.db"
    pages = file.read_bytes()
    file.write_bytes(pages[:PAGE] + b"\xff" * (len(pages) - PAGE))

    with MopidyProcess(tmp_path / "mopidy", config, mpd=False, offline=True) as mopidy:
        until(lambda: len(_torrents(mopidy)) == COUNT)
        assert _torrents(mopidy) == before
        uri = mopidy.rpc("core.library.search", query={"any": ["album 07"]})
        assert [t["name"] for t in uri[0]["tracks"]] == ["One"]
        assert re.search(r"Vozduxan: The catalog is damaged.*set aside", mopidy.log)
        assert "Traceback" not in mopidy.log
    assert len(list(file.parent.glob("catalog.db.damaged-*[0-9]"))) == 1
