"""The programs that are measured, each in its own process, which obeys JSON lines.

The orders are ``{"do": "play", "index": n}``, answered with the URL to read from, and
``{"do": "forecast", "position_ms": n}``. A process ends when its input ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Contestant:
    """Runs ``module``, with our package from the clone ``package``."""

    name: str
    module: str
    package: Path = ROOT
    settings: Mapping[str, object] = field(default_factory=dict)
    forecasts: bool = True


OURS = Contestant("vozduxan", "benchmarks.ours")
USUAL_SCRIPT = Contestant("usual script", "benchmarks.usual_script", forecasts=False)


class Running:
    """A contestant that is running."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def play(self, index: int) -> str:
        """Make a file the current one; return its URL."""
        return str(self._ask({"do": "play", "index": index})["url"])

    def forecast(self, position_ms: int) -> None:
        """Announce where the next request will begin."""
        self._ask({"do": "forecast", "position_ms": position_ms})

    def _ask(self, order: Mapping[str, object]) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()
        answer: dict[str, Any] = json.loads(stdout.readline())
        return answer


@contextmanager
def running(contestant: Contestant, torrent: bytes) -> Iterator[Running]:
    """Start a contestant that knows the torrent and holds nothing of it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "album.torrent"
        file.write_bytes(torrent)
        orders = {
            "torrent": str(file),
            "folder": folder,
            "settings": dict(contestant.settings),
        }
        paths = os.pathsep.join([str(contestant.package), str(ROOT)])
        process = subprocess.Popen(
            [sys.executable, "-m", contestant.module, json.dumps(orders)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": paths},
        )
        try:
            assert process.stdout
            process.stdout.readline()  # it is ready
            yield Running(process)
        finally:
            process.kill()
            process.communicate()


def obey(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """In a contestant's process: report that it is ready, then answer orders."""
    print(json.dumps({}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


OFFLINE: dict[str, Any] = {
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
}
