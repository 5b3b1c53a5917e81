"""A catalog that a disk has spoiled, under a real Mopidy."""

from __future__ import annotations

import re
from pathlib import Path

from tests.e2e.stage import until
from tests.rig.mopidy import MopidyProcess
from tests.torrent_files import multi_file

COUNT = 60
ROOT = "vozduxan:directory:root"
PAGE = 4096


def _torrents(mopidy: MopidyProcess) -> list[str]:
    refs = mopidy.rpc("core.library.browse", uri=ROOT)
    return [ref["name"] for ref in refs if ref["type"] == "album"]


def test_a_spoiled_catalog_is_whole_again_while_mopidy_runs(tmp_path: Path) -> None:
    folder = tmp_path / "torrents"
    folder.mkdir()
    for number in range(COUNT):
        torrent = multi_file(f"Artist - Album {number:02}", {"1 - One.mp3": b"1"})
        (folder / f"{number}.torrent").write_bytes(torrent)
    config = {"vozduxan": {"torrent_dirs": folder, "scan_tags": "never"}}
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
