"""A Mopidy whose memory is measured, and the clients that read from it."""

from __future__ import annotations

import base64
import json
import random
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.anonymous_memory import MB, Sampler
from benchmarks.client import Download
from tests.rig.album import Track, make_album
from tests.rig.mopidy import MopidyProcess
from tests.rig.torrents import infohashes

SILENT = "fakesink sync=true"
TRACKS = [Track(f"Loud {number}", seconds=60) for number in range(3)]
PATIENCE_S = 120.0

#: The player's door takes it for what it is by these bytes.
_SIGN = b"fLaC"
#: A client that has stopped reading leaves this much to its kernel.
_RECEIVE_BYTES = 64 * 1024
_HEAD_END = b"\r\n\r\n"

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def album(folder: Path) -> list[Path]:
    """Make FLACs that play for a minute each."""
    return make_album(folder, TRACKS, cover=False)


def noise(path: Path, size: int) -> bytes:
    """Write a file that looks like a FLAC; return its bytes."""
    dice = random.Random(size)
    blocks = b"".join(dice.randbytes(MB) for _ in range(size // MB + 1))
    data = (_SIGN + blocks)[:size]
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return data


def mopidy_at(folder: Path, package: Path, *, ours: bool = True) -> MopidyProcess:
    """Return a Mopidy with the extension of a clone, or with none enabled."""
    torrents = folder / "torrents"
    torrents.mkdir(exist_ok=True)
    config = {
        "vozduxan": {"enabled": str(ours).lower(), "torrent_dirs": torrents},
        "file": {"enabled": "true", "media_dirs": str(folder)},
    }
    env = {"PYTHONPATH": str(package)}
    return MopidyProcess(
        folder / "mopidy", config, audio_output=SILENT, mpd=False, env=env
    )


@dataclass(frozen=True, slots=True)
class Stage:
    """A running Mopidy that has one torrent in its library."""

    mopidy: MopidyProcess
    sampler: Sampler
    torrent: bytes

    @classmethod
    @contextmanager
    def of(cls, folder: Path, torrent: bytes, package: Path) -> Iterator[Stage]:
        """Start a Mopidy, and wait until it has added the torrent."""
        mopidy = mopidy_at(folder, package)
        (folder / "torrents" / "album.torrent").write_bytes(torrent)
        with mopidy, Sampler(mopidy.pid) as sampler:
            mopidy.wait_for_log(r"Added \d+ new", PATIENCE_S)
            yield cls(mopidy, sampler, torrent)

    def tracks(self) -> list[str]:
        """Return the URIs of the torrent's tracks."""
        uri = f"vozduxan:album:{infohashes(self.torrent)[0]}"
        refs = self.mopidy.rpc("core.library.browse", uri=uri)
        return [ref["uri"] for ref in refs]

    def prepare(self, index: int) -> ServedFile:
        """Make a file the current stream."""
        arguments = {
            "torrentFileB64": base64.b64encode(self.torrent).decode(),
            "fileIdx": index,
        }
        request = urllib.request.Request(
            f"{self.mopidy.url}/vozduxan/api/torrent_prepare_stream",
            json.dumps(arguments).encode(),
            {"Content-Type": "application/json"},
        )
        with _direct.open(request, timeout=PATIENCE_S) as response:
            token = json.load(response)["token"]
        server = self.mopidy.folder / "data" / "vozduxan" / "server.json"
        private = json.loads(server.read_text())["url"].removesuffix("api/")
        public = f"{self.mopidy.url}/vozduxan/"
        return ServedFile(f"{private}stream/{token}", f"{public}stream/{token}")


@dataclass(frozen=True, slots=True)
class ServedFile:
    """The URLs of a stream at the player's door and at the public one."""

    private: str
    public: str

    def read(self, source: bytes) -> float:
        """Read all of it at the player's door; return bytes/s. Compares every byte."""
        begin = time.monotonic()
        with Download(self.private, source, 0, PATIENCE_S) as download:
            download.first_byte()
            if not download.read_to_end():
                raise TimeoutError("the bytes did not come")
        return len(source) / (time.monotonic() - begin)

    @contextmanager
    def paused(self, count: int, source: bytes) -> Iterator[list[PausedReader]]:
        """Have clients that begin to read all over the file, and read no further."""
        with ExitStack() as stack:
            readers = []
            for number in range(count):
                url = (self.private, self.public)[number % 2]
                reader = PausedReader(url, len(source) * number // count)
                readers.append(reader)
                stack.callback(reader.close)
            yield readers


class PausedReader:
    """A client that has sent its request, and takes nothing yet."""

    def __init__(self, url: str, start: int) -> None:
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        self._socket.settimeout(PATIENCE_S)
        self._socket.connect((parts.hostname, parts.port))
        self._socket.sendall(
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Range: bytes={start}-\r\n\r\n".encode()
        )

    def came(self) -> bool:
        """Return whether the client's kernel has bytes of the file for it."""
        flags = socket.MSG_PEEK | socket.MSG_DONTWAIT
        try:
            _, _, body = self._socket.recv(_RECEIVE_BYTES, flags).partition(_HEAD_END)
        except OSError:
            return False
        return bool(body)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
