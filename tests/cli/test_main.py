"""The verbs, with commands that answer what the test says."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.cli import server
from mopidy_vozduxan.cli.main import main
from mopidy_vozduxan.exceptions import (
    BadInput,
    FetchFailed,
    MetadataTimeout,
    NoSuchTorrent,
    StorageFailed,
    VozduxanError,
)
from mopidy_vozduxan.keeping import which_keep
from mopidy_vozduxan.torrent.uris import TrackUri
from tests.fake_engine import album, source_of

INFOHASH = "ab" * 20
OTHER = "cd" * 20


class Commands:
    """Answers with values, or raises what is one; remembers what was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.closed = False
        self.running = False

    def call(self, command: str, **given: Any) -> Any:
        self.asked.append((command, given))
        answer = self.answers[command]
        if isinstance(answer, list) and answer and isinstance(answer[0], tuple):
            answer = answer.pop(0)[0]  # one of several in turn
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True


class CommandLine:
    """Runs words; keeps what was said."""

    def __init__(self, folder, monkeypatch, capsys):
        self.capsys = capsys
        self.commands = Commands()
        self.running = False
        monkeypatch.setattr(server, "find", lambda _: self.commands)
        self.config = {
            "core": {"data_dir": str(folder), "cache_dir": str(folder)},
            "vozduxan": {"metadata_timeout": 60, "keep": ()},
        }

    def run(self, *words: str, **answers: Any) -> int:
        self.commands = Commands(**answers)
        self.commands.running = self.running
        out = io.StringIO()
        code = main(words, self.config, out)
        self.out, captured = out.getvalue(), self.capsys.readouterr()
        self.err = captured.err
        assert captured.out == ""
        return code


@pytest.fixture
def line(tmp_path, monkeypatch, capsys):
    return CommandLine(tmp_path, monkeypatch, capsys)


def row(infohash=INFOHASH, known=True, name="Album", peers=0):
    return {
        "infohash": infohash,
        "name": name,
        "known": known,
        "uri": f"vozduxan:album:{infohash}",
        "numPeers": peers,
    }


def test_adding_waits_step_by_step_until_the_metadata_is_here(line):
    answers = [(row(known=False),), (row(known=False, peers=2),), (row(),)]
    assert line.run("add", "magnet:?a", torrent_add=answers) == 0
    assert line.out == "Added Album\n"
    assert line.err == ""  # it is no terminal
    assert [given["wait"] for _, given in line.commands.asked] == [1.0] * 3
    assert line.commands.closed


def test_the_log_is_quiet_while_a_command_runs(line, monkeypatch):
    ours = logging.getLogger("mopidy_vozduxan")
    monkeypatch.setattr(ours, "level", logging.INFO)
    levels = []
    monkeypatch.setattr(server, "find", lambda _: levels.append(ours.level))
    assert line.run("list") == 1  # there is nothing to talk to
    assert levels == [logging.WARNING]
    assert ours.level == logging.INFO


def test_adding_gives_up_and_says_that_the_torrent_stays(line):
    added = row(known=False)
    assert line.run("add", "--wait", "0.5", "abab", torrent_add=added) == 4
    assert "was added, but no peer gave us its metadata" in line.err
    assert line.out == ""


def test_adding_need_not_wait(line):
    added = row(known=False)
    assert line.run("add", "--wait", "0", "--json", "abab", torrent_add=added) == 0
    assert json.loads(line.out) == [added]


def test_one_that_cannot_be_added_does_not_keep_the_others(line):
    answers = [(FetchFailed("No."),), (row(),), (NoSuchTorrent("No!"),)]
    words = ["add", "--json", "http://a/b", "magnet:?a", "cd"]
    assert line.run(*words, torrent_add=answers) == 6
    assert [added["infohash"] for added in json.loads(line.out)] == [INFOHASH]
    errors = [json.loads(said) for said in line.err.splitlines()]
    assert errors == [
        {"error": {"code": "FETCH_FAILED", "message": "No."}, "of": "http://a/b"},
        {"error": {"code": "NO_SUCH_TORRENT", "message": "No!"}, "of": "cd"},
    ]


def listed(infohash=INFOHASH, name="Album", **others):
    usual = {"known": True, "tracks": 12, "size": 345_000_000, "bytesOnDisk": 10**6}
    usual |= {"addedMs": 0, "kept": None}
    return {"infohash": infohash, "name": name, **usual, **others}


def test_the_list_is_a_table_or_json(line):
    rows = [
        listed(name="Album\x1b[2J", kept={"size": 300, "heldBytes": 199}),
        listed(OTHER, "Later", known=False, tracks=0, size=None, bytesOnDisk=0),
    ]
    assert line.run("list", torrent_list=rows) == 0
    head, first, second = line.out.splitlines()
    columns = ["NAME", "TRACKS", "SIZE", "ON", "DISK", "KEPT", "INFOHASH"]
    assert head.split() == columns
    sizes = ["345", "MB", "1.0", "MB"]
    assert first.split() == ["Album\ufffd[2J", "12", *sizes, "66", "%", INFOHASH]
    assert second.split() == ["Later", "-", "-", "-", "-", OTHER]
    assert line.run("list", "--json", torrent_list=rows) == 0
    assert json.loads(line.out) == rows
    assert line.run("list", torrent_list=[]) == 0
    assert line.out == ""


def test_files_are_asked_for_until_the_metadata_is_here(line):
    file = {"index": 0, "path": "A/1.flac", "size": 1000, "mime": "audio/flac"}
    answers = [(MetadataTimeout("Not yet."),), ([file],)]
    assert line.run("files", "magnet:?a", torrent_files=answers) == 0
    assert line.out.splitlines() == ["INDEX    SIZE  PATH", "    0  1.0 kB  A/1.flac"]
    assert line.run("files", "--json", "abab", torrent_files=[file]) == 0
    assert json.loads(line.out) == [file]
    failing = MetadataTimeout("Nobody gave it.")
    assert line.run("files", "--wait", "0", "abab", torrent_files=failing) == 4
    assert line.err == "mopidy vozduxan: Nobody gave it.\n"


def test_removing_says_what_is_freed(line):
    answers = [
        ({"infohash": INFOHASH, "freedBytes": 2_000_000, "forgotten": False},),
        (NoSuchTorrent("?"),),
        ({"infohash": INFOHASH, "freedBytes": 0, "forgotten": True},),
    ]
    words = ["abab", "77", "abab"]
    assert line.run("remove", "--data", *words, torrent_remove=answers) == 3
    assert line.out == f"Removed {INFOHASH}, 2.0 MB freed\nForgot {INFOHASH}\n"
    assert line.err == "mopidy vozduxan: 77: ?\n"
    assert line.commands.asked[0][1] == {"infohash": "abab", "deleteData": True}


def test_purging_says_what_is_freed(line):
    answer = {"torrents": 1, "freedBytes": 5}
    assert line.run("purge", torrent_purge=answer) == 0
    assert line.out == "Purged 1 torrent, 5 B freed\n"
    assert line.run("purge", "--json", torrent_purge=answer) == 0
    assert json.loads(line.out) == answer


def test_purging_needs_no_catalog_where_no_mopidy_runs(line, tmp_path, monkeypatch):
    """On a full disk it cannot be opened, and nothing could make room."""
    monkeypatch.setattr(server, "find", lambda _: None)
    data = tmp_path / "vozduxan" / "torrents" / INFOHASH
    data.mkdir(parents=True)
    with closing(sqlite3.connect(tmp_path / "vozduxan" / "catalog.db")) as later:
        later.execute("PRAGMA user_version = 9999")
    (data / "file").write_bytes(b"x" * 10_000)
    assert line.run("list") == 5
    assert line.run("purge", "--json") == 0
    answer = json.loads(line.out)
    assert answer["torrents"] == 1
    assert answer["freedBytes"] >= 10_000
    assert not data.exists()


def kept(**others):
    usual = {"uri": f"vozduxan:album:{INFOHASH}", "infohash": INFOHASH}
    usual |= {"name": "Album?", "files": 2, "size": 1000, "heldBytes": 500}
    usual |= {"fetching": False, "trouble": "Nobody has it.", "configured": False}
    return {**usual, **others}


def test_keeping_says_how_much_is_here_and_goes_on_after_a_failure(line):
    answers = [(NoSuchTorrent("No."),), (kept(),)]
    assert line.run("keep", "cd", "Album?", torrent_keep=answers) == 3
    assert line.out == "Kept Album?, 50 % of it is here\n"
    assert "cd: No." in line.err
    assert line.commands.asked[-1] == ("torrent_keep", {"source": "Album?"})
    assert line.run("unkeep", "Album?", torrent_unkeep=kept()) == 0
    assert line.out == "Not kept any more: Album?\n"


def test_what_is_kept_is_not_purged_where_no_mopidy_runs(line, tmp_path, monkeypatch):
    """Neither a whole torrent nor one of which only a track is kept."""
    monkeypatch.setattr(server, "find", lambda _: None)
    folder = tmp_path / "vozduxan"
    catalog = Catalog(folder_made(folder) / "catalog.db")
    for infohash, name in ((INFOHASH, "One"), (OTHER, "Two"), ("ef" * 20, "Three")):
        metainfo = replace(album(infohash=infohash), name=name)
        catalog.collection.add(source_of(metainfo), metainfo)
        (folder_made(folder / "torrents" / infohash) / "file").write_bytes(b"x")
    catalog.keeps.add(TrackUri(INFOHASH, 1))
    catalog.close()
    line.config["vozduxan"]["keep"] = ("two",)
    assert line.run("purge", "--json") == 0
    assert json.loads(line.out)["torrents"] == 1
    assert sorted(os.listdir(folder / "torrents")) == [INFOHASH, OTHER]


NAMED = "Artist - Album (1999) [FLAC]"
LIKE_ALBUM = "Album"
BASE32 = "magnet:?xt=urn:btih:" + base64.b32encode(bytes.fromhex(INFOHASH)).decode()


@pytest.mark.parametrize(
    "text", [NAMED.upper(), LIKE_ALBUM, BASE32, INFOHASH[:6].upper()]
)
def test_what_the_configuration_keeps_is_not_purged_however_it_is_named(
    line, tmp_path, monkeypatch, text
):
    monkeypatch.setattr(server, "find", lambda _: None)
    folder = tmp_path / "vozduxan"
    catalog = Catalog(folder_made(folder) / "catalog.db")
    metainfo = replace(album(infohash=INFOHASH), name=NAMED)
    catalog.collection.add(source_of(metainfo), metainfo)
    for infohash in (INFOHASH, OTHER):
        (folder_made(folder / "torrents" / infohash) / "file").write_bytes(b"x")
    assert text != LIKE_ALBUM or which_keep.find(catalog, None, text)
    catalog.close()
    line.config["vozduxan"]["keep"] = (text,)
    assert line.run("purge", "--json") == 0
    assert os.listdir(folder / "torrents") == [INFOHASH]


def test_nothing_is_purged_if_it_cannot_be_known_what_is_kept(
    line, tmp_path, monkeypatch
):
    """The catalog's disk is not there, and that of the cache is."""
    monkeypatch.setattr(server, "find", lambda _: None)
    folder = tmp_path / "vozduxan"
    (folder_made(folder / "torrents" / INFOHASH) / "file").write_bytes(b"x")
    line.config["vozduxan"]["keep"] = ("Album",)
    assert line.run("purge") != 0
    assert "It cannot be read what is kept" in line.err
    assert os.listdir(folder / "torrents") == [INFOHASH]
    line.config["vozduxan"]["keep"] = ()
    assert line.run("purge") == 0
    assert os.listdir(folder / "torrents") == []


def exported(state="running", done=0, **others):
    row = {"export": "e", "state": state, "directory": "/stick", "files": 2}
    row |= {"size": 1000, "doneBytes": done, "current": "A/1.flac", "message": ""}
    return {**row, "results": [], **others}


def result(path, outcome, message=""):
    return {"path": path, "outcome": outcome, "message": message}


def test_an_export_is_followed_and_says_how_it_went(line, monkeypatch):
    monkeypatch.chdir("/tmp")
    line.running = True
    results = [
        result("A/1.flac", "linked"),
        result("A/2.flac", "copied"),
        result("A/3\x1b.flac", "conflict", "another file is there"),
        result("A/4.flac", "missing", "7 % of it is here"),
    ]
    progress = [(exported(done=500),), (exported("done", 1000, results=results),)]
    begun = {"torrent_export": exported(), "torrent_export_progress": progress}
    assert line.run("export", "Album", "x/../stick", "--copy", **begun) == 1
    assert line.commands.asked[0] == (
        "torrent_export",
        {"source": "Album", "directory": "/tmp/stick", "fetch": False, "copy": True},
    )
    assert line.out == (
        "/stick: 1 linked, 1 copied, 1 not there yet (--fetch fetches them),"
        " 1 in the way of others\n"
    )
    assert "A/3\ufffd.flac: It was not exported: another file is there." in line.err
    assert "A/4.flac: It is not there yet: 7 % of it is here." in line.err


def test_an_export_that_fails_says_why(line):
    line.running = True
    failed = exported("failed", message="Cannot write to /stick: No space left.")
    assert line.run("export", "Album", "/stick", torrent_export=failed) == 5
    assert "No space left" in line.err


def test_an_interrupted_export_is_cancelled(line):
    line.running = True
    answers = {
        "torrent_export": exported(),
        "torrent_export_progress": KeyboardInterrupt(),
        "torrent_export_cancel": exported("cancelled"),
    }
    assert line.run("export", "Album", "/stick", **answers) == 130
    assert line.commands.asked[-1] == ("torrent_export_cancel", {"export": "e"})


def test_an_export_needs_a_running_mopidy(line):
    assert line.run("export", "Album", "/stick") == 7
    assert "Mopidy is not running, and an export needs it" in line.err
    assert line.commands.asked == []


def folder_made(path):
    path.mkdir(parents=True, exist_ok=True)
    return path


def test_the_status_is_for_people_and_for_scripts(line):
    answer = {
        "running": True,
        "versions": {"mopidy": "3.4.2"},
        "library": {"torrents": 2, "tracks": 20, "waitingForMetadata": 1},
        "bytesOnDisk": 1_500_000,
        "cache": {"limitBytes": 10**10, "minFreeBytes": 10**9, "fetches": "needed"},
        "disk": {"freeBytes": 2 * 10**9, "trouble": "The disk is full (/x)."},
        "kept": [kept(), kept(heldBytes=1000, trouble=None, fetching=True)],
        "network": {
            "boundTo": ["vpn0", "10.9.0.2"],
            "devices": ["vpn0"],
            "trouble": "No device has the address 10.9.0.2: torrents use only vpn0.",
            "proxy": "socks5://p.example:1080",
            "limits": {"downloadLimit": 0, "uploadLimit": 500_000},
        },
        "streams": [
            {
                "token": "t",
                "infohash": INFOHASH,
                "fileIdx": 1,
                "name": "01.flac",
                "bucket": "current",
                "background": False,
                "size": 1000,
                "heldBytes": 500,
                "bufferedBytes": 100,
            }
        ],
        "swarms": [
            {
                "infohash": INFOHASH,
                "name": "Album",
                "known": True,
                "numPeers": 3,
                "numSeeds": 2,
                "downloadRate": 1000,
                "uploadRate": 0,
            }
        ],
    }
    assert line.run("status", torrent_status=answer) == 0
    assert "Library: 2 torrents, 20 tracks" in line.out
    assert "On disk: 1.5 MB of 10.0 GB, 2.0 GB free" in line.out
    assert "at its limit: only what plays, and the next tracks, are" in line.out
    assert "Bound to: vpn0, 10.9.0.2" in line.out
    assert "Disk: The disk is full (/x)." in line.out
    assert "Network: No device has the address 10.9.0.2: torrents use" in line.out
    assert "Proxy: socks5://p.example:1080" in line.out
    assert "Limit: upload 500 kB/s" in line.out
    assert "01.flac" in line.out
    assert "1.0 kB/s" in line.out
    assert re.search(r"Album\? +1.0 kB +50 % +waiting +vozduxan:album:", line.out)
    assert re.search(r"100 % +complete", line.out)
    assert "Album?: Nobody has it." in line.out
    assert line.run("status", "--json", torrent_status=answer) == 0
    assert json.loads(line.out) == answer


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (VozduxanError("x"), 1),
        (BadInput("x"), 2),
        (NoSuchTorrent("x"), 3),
        (MetadataTimeout("x"), 4),
        (StorageFailed("x"), 5),
        (FetchFailed("x"), 6),
        (server.Failure("NO_ANSWER", "x"), 7),
        (RuntimeError("x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_scripts_can_tell_errors_apart(line, error, code):
    assert line.run("list", "--json", torrent_list=error) == code
    assert line.out == ""
    assert line.commands.closed


@pytest.mark.parametrize(
    "words",
    [[], ["sing"], ["add"], ["remove"], ["list", "x"], ["add", "--wait", "-1", "x"]],
)
def test_wrong_usage_is_told_from_failure(line, words):
    assert line.run(*words) == 2
    assert "usage: mopidy vozduxan" in line.err
    assert line.commands.asked == []


def test_json_may_be_asked_for_before_the_verb(line):
    assert line.run("--json", "list", torrent_list=[]) == 0
    assert line.out == "[]\n"


def test_a_wait_that_is_no_number_is_said_in_words(line):
    assert line.run("add", "--wait", "soon", "x") == 2
    assert "--wait: must be a number from 0 to 3600" in line.err


def test_an_answer_that_cannot_be_written_is_an_error_of_the_disk(line):
    """A traceback was."""
    full = io.StringIO()
    full.flush = lambda: os.fsync(10**6)
    line.commands = Commands(torrent_list=[])
    assert main(["list", "--json"], line.config, full) == 5
    error = json.loads(line.capsys.readouterr().err)["error"]
    assert error["code"] == "STORAGE"


def test_in_a_terminal_names_are_cut_to_its_width(line, monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setenv("COLUMNS", "100")
    rows = [listed(name="Long " * 40), listed(infohash=OTHER, name="Short")]
    line.commands = Commands(torrent_list=rows)
    assert main(["list"], line.config, terminal) == 0
    shown = terminal.getvalue().splitlines()
    assert max(map(len, shown)) == 100
    assert shown[1].startswith("Long Long") and "…" in shown[1]
    assert shown[1].endswith(INFOHASH)


def test_help_is_an_answer(line):
    assert line.run("--help") == 0
    assert "exit codes" in line.out
    assert line.run("add", "-h") == 0
    assert "--wait SECONDS" in line.out
