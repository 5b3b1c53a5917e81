"""The way to the running server, and how it may be barred."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from mopidy_vozduxan.cli import alone, server
from mopidy_vozduxan.cli.failures import Failure
from mopidy_vozduxan.engine import sleeping_engine
from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.web import server_file
from mopidy_vozduxan.web.server_file import ServerAddress


def say_it_is_at(folder: Path, port: int) -> None:
    url = f"http://127.0.0.1:{port}/vozduxan/api/"
    server_file.write(folder, ServerAddress(url, "key"))


def test_without_a_file_there_is_no_server(tmp_path: Path) -> None:
    assert server.find(tmp_path) is None


def test_behind_a_closed_port_there_is_no_server(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    say_it_is_at(tmp_path, port)
    assert server.find(tmp_path) is None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n[]",
        b'HTTP/1.1 403 Forbidden\r\nContent-Length: 13\r\n\r\n{"error": {}}',
    ],
)
def test_a_program_that_has_the_port_now_is_not_the_server(
    tmp_path: Path, answer: bytes
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        say_it_is_at(tmp_path, listening.getsockname()[1])
        assert server.find(tmp_path) is None


def test_a_server_that_is_silent_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CONNECT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        say_it_is_at(tmp_path, listening.getsockname()[1])
        with pytest.raises(Failure, match="does not answer") as caught:
            server.find(tmp_path)
    assert caught.value.exit_code == 7


def test_the_server_of_another_user_is_said_to_be_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say_it_is_at(tmp_path, 1)
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(Failure, match="run this as that user"):
        server.find(tmp_path)


def test_root_leaves_no_files_among_those_of_a_mopidy_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {
        "core": {"data_dir": str(tmp_path), "cache_dir": str(tmp_path)},
        "vozduxan": {"metadata_timeout": 1},
        "proxy": {},
    }
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(alone, "_owner_of", lambda _: owner + 1)
    with pytest.raises(StorageFailed, match="run this as that user"):
        alone.Alone(config)
    assert not list(tmp_path.rglob("*.db"))


@pytest.mark.parametrize(
    ("given", "free"),
    [
        ("0.0.0.0:6881,[::]:6881", "0.0.0.0:0,[::]:0"),
        ("tun0:6881s", "tun0:0"),
        (" 10.0.0.1:1 , eth0:2l", "10.0.0.1:0,eth0:0"),
    ],
)
def test_a_session_beside_the_server_takes_no_port_of_its(
    given: str, free: str
) -> None:
    assert sleeping_engine.any_port(given) == free
