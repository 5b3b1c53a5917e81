"""The file that leads to the running server."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

import pytest

from mopidy_vozduxan.web import server_file
from mopidy_vozduxan.web.server_file import NAME, ServerAddress

ADDRESS = ServerAddress("http://127.0.0.1:1/vozduxan/api/", "secret")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert server_file.read(tmp_path) is None
    server_file.write(tmp_path, ADDRESS)
    assert server_file.read(tmp_path) == ADDRESS
    server_file.remove(tmp_path, ADDRESS)
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    (tmp_path / "server.new").touch(0o666)  # a draft that a crash left behind
    (tmp_path / NAME).touch(0o666)
    server_file.write(tmp_path, ADDRESS)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_the_file_of_a_later_server_stays(tmp_path: Path) -> None:
    later = ServerAddress(ADDRESS.url, "another")
    server_file.write(tmp_path, later)
    server_file.remove(tmp_path, ADDRESS)
    assert server_file.read(tmp_path) == later


@pytest.mark.parametrize("said", ["", "[]", "{}", '{"url": "x"}', "null", "\0"])
def test_nonsense_is_not_believed(tmp_path: Path, said: str) -> None:
    (tmp_path / NAME).write_text(said)
    assert server_file.read(tmp_path) is None


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_the_server_is_found_though_its_folder_cannot_be_written(
    tmp_path: Path, temporary: Path
) -> None:
    folder = tmp_path / "missing"
    server_file.write(folder, ADDRESS)
    assert server_file.read(folder) == ADDRESS
    assert server_file.read(tmp_path / "another") is None
    (there,) = temporary.rglob("*.json")
    assert stat.S_IMODE(there.stat().st_mode) == 0o600
    assert stat.S_IMODE(there.parent.stat().st_mode) == 0o700
    folder.mkdir()
    server_file.write(folder, ServerAddress(ADDRESS.url, "later"))
    assert not there.exists()
    server_file.remove(folder, ServerAddress(ADDRESS.url, "later"))
    assert server_file.read(folder) is None


def test_a_folder_that_others_made_is_not_trusted(
    tmp_path: Path, temporary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    theirs = temporary / f"vozduxan-{os.geteuid()}"
    theirs.mkdir()
    theirs.chmod(0o777)
    folder = tmp_path / "missing"
    with caplog.at_level(logging.INFO):
        server_file.write(folder, ADDRESS)
    assert "The command line will not find Mopidy" in caplog.text
    assert not list(theirs.iterdir())
    server_file._write(server_file._elsewhere(folder), ADDRESS)
    assert server_file.read(folder) is None
