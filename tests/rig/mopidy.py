"""A Mopidy process: its own directories, JSON-RPC, events, log and captured sound.

Works with Mopidy 3 and 4 alike. Nothing of Mopidy is imported here, and nothing is
read from or written to the user's own configuration.
"""

from __future__ import annotations

import configparser
import importlib.metadata
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.rig.capture import SILENT
from tests.rig.events import Events

ROOT = Path(__file__).parents[2]


def keep_port(usual: int = 0) -> socket.socket:
    """A socket whose port nobody else is given while it is open.

    It does not listen, and reuses its address: a server that does so too, as both of
    Mopidy's do, may listen there. The ``usual`` port, unless somebody listens there.
    """
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        kept.bind(("127.0.0.1", usual))
    except OSError:
        kept.bind(("127.0.0.1", 0))
    return kept


def _port_of(kept: socket.socket | None) -> int | None:
    return int(kept.getsockname()[1]) if kept else None


class RpcError(Exception):
    """Mopidy answered a JSON-RPC request with an error."""


class MopidyProcess:
    """A context manager: started and ready inside, gone after.

    `config` is {section: {key: value}} over the defaults below. With `http=False` or
    `mpd=False` that front end is off; with `offline` its Python knows no host but
    loopback ones. `folder` keeps configuration, data, cache and
    `mopidy.log`; start again with the same folder to test a restart.
    """

    def __init__(
        self,
        folder: Path,
        config: Mapping[str, Mapping[str, object]] | None = None,
        *,
        audio_output: str = SILENT,
        http: bool = True,
        mpd: bool = True,
        offline: bool = False,
        env: Mapping[str, str] | None = None,
        timeout: float = 60,
        usual_ports: bool = False,
    ) -> None:
        self.folder = folder
        self._kept = [
            keep_port(port if usual_ports else 0) if wanted else None
            for port, wanted in ((6680, http), (6600, mpd))
        ]
        self.http_port, self.mpd_port = map(_port_of, self._kept)
        self.timeout = timeout
        self._config = self._whole_config(config or {}, audio_output)
        self._offline = offline
        self._env = dict(env or {})
        self._lines: list[str] = []
        self._logged = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self._events: Events | None = None

    # -- life

    def start(self) -> None:
        """Start and wait until every front end answers; RuntimeError with the log."""
        self._process = subprocess.Popen(
            self._command_line(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=self.folder,
            env=self._environment(),
        )
        threading.Thread(target=self._read_log, daemon=True).start()
        try:
            if self.mpd_port is not None:
                self._wait_until_answers(self.mpd_port, _connect)
            if self.http_port is not None:
                self._wait_until_answers(self.http_port, _ask)
            if self.http_port is None and self.mpd_port is None:
                self.wait_for_log(r"Starting GLib mainloop|Audio output set")
        except BaseException:
            self.stop()
            raise

    def stop(self, timeout: float = 20) -> int | None:
        """SIGTERM, then SIGKILL after `timeout` s; the exit code."""
        if self._events is not None:
            self._events.close()
            self._events = None
        process, self._process = self._process, None
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self._process is not None:
            self._process.kill()
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None, "Mopidy is not running"
        return self._process.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if error is not None:
            print(self.log)
        for kept in filter(None, self._kept):
            kept.close()

    # -- talking to it

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def rpc(self, method: str, /, *, rpc_timeout: float = 30, **params: object) -> Any:
        """`rpc("core.playback.get_state")`; the result, or RpcError."""
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        request = urllib.request.Request(
            f"{self.url}/mopidy/rpc",
            json.dumps(call).encode(),
            {"Content-Type": "application/json"},
        )
        with _direct.open(request, timeout=rpc_timeout) as response:
            answer = json.load(response)
        if "error" in answer:
            raise RpcError(json.dumps(answer["error"], indent=1))
        return answer.get("result")

    def play(self, *uris: str) -> list[dict[str, Any]]:
        """Replace the tracklist with `uris` and play it; the tracklist's entries."""
        self.rpc("core.tracklist.clear")
        entries: list[dict[str, Any]] = self.rpc("core.tracklist.add", uris=list(uris))
        if not entries:
            raise LookupError(f"nothing to play in {uris}")
        self.rpc("core.playback.play", tlid=entries[0]["tlid"])
        return entries

    def mpd(self) -> Any:
        """A connected python-mpd2 client; close it with `disconnect()`."""
        import mpd

        client = mpd.MPDClient()
        client.timeout = 30
        client.connect("127.0.0.1", self.mpd_port)
        return client

    @property
    def events(self) -> Events:
        """Mopidy's events from the first use on: use it before what you wait for."""
        if self._events is None:
            self._events = Events(f"ws://127.0.0.1:{self.http_port}/mopidy/ws")
        return self._events

    def command(
        self, *words: str, stdin: bytes | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[bytes]:
        """`mopidy vozduxan WORDS` with this configuration, started or not."""
        return subprocess.run(
            [*self._command_line(), "vozduxan", *words],
            input=stdin or b"",
            capture_output=True,
            cwd=self.folder,
            env=self._environment(),
            timeout=timeout,
            check=False,
        )

    def begin_command(self, *words: str, **options: Any) -> subprocess.Popen[bytes]:
        """The same, under way; `options` are Popen's."""
        line = [*self._command_line(), "vozduxan", *words]
        return subprocess.Popen(
            line, cwd=self.folder, env=self._environment(), **options
        )

    # -- the log

    @property
    def log(self) -> str:
        with self._logged:
            return "\n".join(self._lines)

    def wait_for_log(
        self, pattern: str, timeout: float = 30, *, since: int = 0
    ) -> re.Match[str]:
        """The first line from number `since` on that matches; TimeoutError."""
        found: list[re.Match[str]] = []

        def look() -> bool:
            matches = (re.search(pattern, line) for line in self._lines[since:])
            found.extend(match for match in matches if match)
            return bool(found)

        with self._logged:
            if not self._logged.wait_for(look, timeout):
                raise TimeoutError(
                    f"no {pattern!r} in the log:\n" + "\n".join(self._lines)
                )
        return found[0]

    @property
    def log_length(self) -> int:
        """Lines so far, for `wait_for_log(since=…)`."""
        with self._logged:
            return len(self._lines)

    def _read_log(self) -> None:
        process = self._process
        assert process is not None and process.stdout is not None
        with (self.folder / "mopidy.log").open("a") as copy:
            for line in process.stdout:
                copy.write(line)
                copy.flush()
                with self._logged:
                    self._lines.append(line.rstrip())
                    self._logged.notify_all()

    # -- inside

    def _command_line(self) -> list[str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "mopidy.conf"
        with file.open("w") as lines:
            self._config.write(lines)
        return [*_command(), "--config", str(file)]

    def _wait_until_answers(self, port: int, ask: Callable[[int], None]) -> None:
        process = self._process
        assert process is not None
        deadline = time.monotonic() + self.timeout
        while time.monotonic() < deadline:
            try:
                return ask(port)
            except OSError:
                pass
            try:  # a wait that a crash ends at once
                code = process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(f"Mopidy ended with {code}:\n{self.log}")
        raise RuntimeError(f"Mopidy does not answer on port {port}:\n{self.log}")

    def _environment(self) -> dict[str, str]:
        paths = [str(ROOT)]
        if not _installed("vozduxan"):
            paths.append(str(_entry_point(self.folder / "site")))
        if self._offline:
            paths.append(str(ROOT / "tests" / "rig" / "offline"))
        if inherited := os.environ.get("PYTHONPATH"):
            paths.append(inherited)
        own = {
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": "1000",  # Mopidy 4 would fold its log's lines
        }
        return os.environ | own | self._env

    def _whole_config(
        self, config: Mapping[str, Mapping[str, object]], audio_output: str
    ) -> configparser.RawConfigParser:
        whole = configparser.RawConfigParser()
        for section, keys in self._defaults(audio_output).items():
            whole[section] = {**keys, **{k: str(v) for k, v in _of(config, section)}}
        for section in config.keys() - set(whole.sections()):
            whole[section] = {k: str(v) for k, v in _of(config, section)}
        return whole

    def _defaults(self, audio_output: str) -> dict[str, dict[str, str]]:
        here = self.folder
        return {
            "core": {
                "data_dir": str(here / "data"),
                "cache_dir": str(here / "cache"),
                "config_dir": str(here / "config"),
                "restore_state": "false",
            },
            "audio": {"mixer": "none", "output": audio_output},
            "http": _front_end(self.http_port) | {"zeroconf": ""},
            "mpd": _front_end(self.mpd_port) | {"zeroconf": ""},
            "file": {"enabled": "true", "media_dirs": "/"},
            "m3u": {"enabled": "true", "playlists_dir": str(here / "playlists")},
            "stream": {"enabled": "true"},
            "softwaremixer": {"enabled": "false"},
            "vozduxan": VOZDUXAN,
            # A web client that asks the internet for its newest version.
            **({"iris": {"enabled": "false"}} if _installed("iris") else {}),
        }


VOZDUXAN = {
    "enabled": "true",
    "listen_interfaces": "127.0.0.1:0",
    "dht": "false",
    "lsd": "false",
    "upnp": "false",
    "natpmp": "false",
}


def _connect(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), 1).close()


def _ask(port: int) -> None:
    """Mopidy's HTTP server listens before it serves, and is not to be stopped then."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    finally:
        connection.close()


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _of(
    config: Mapping[str, Mapping[str, object]], section: str
) -> list[tuple[str, object]]:
    return list(config.get(section, {}).items())


def _front_end(port: int | None) -> dict[str, str]:
    if port is None:
        return {"enabled": "false"}
    return {"enabled": "true", "hostname": "127.0.0.1", "port": str(port)}


def _command() -> list[str]:
    """This interpreter's Mopidy, with INFO in its log.

    Mopidy 4 has no `-m mopidy`, and logs warnings only unless asked; one `-v` of
    Mopidy 3 would be DEBUG.
    """
    run = (
        "import sys; from importlib.metadata import entry_points;"
        "sys.argv[0] = 'mopidy';"
        "(app,) = entry_points(group='console_scripts', name='mopidy');"
        "sys.exit(app.load()())"
    )
    major = int(importlib.metadata.version("mopidy").split(".")[0])
    return [sys.executable, "-c", run, *(["-v"] if major >= 4 else [])]


def _installed(extension: str) -> bool:
    return bool(importlib.metadata.entry_points(group="mopidy.ext", name=extension))


def _entry_point(folder: Path) -> Path:
    """What an installation would leave, so that a bare clone is found by Mopidy."""
    info = folder / "Mopidy_Vozduxan-0.0.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: Mopidy-Vozduxan\nVersion: 0.0.0\n"
    )
    (info / "entry_points.txt").write_text(
        "[mopidy.ext]\nvozduxan = mopidy_vozduxan:Extension\n"
    )
    return folder
