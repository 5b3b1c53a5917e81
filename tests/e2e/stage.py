"""What an end-to-end test plays on: seeded torrents, and a Mopidy that listens.

Everything is real but the sound card: Mopidy is a process, its sound a file of
samples, the swarm another process. Nothing here looks inside either.
"""

from __future__ import annotations

import re
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from tests.rig.album import Track, make_album
from tests.rig.capture import capture, offset_in
from tests.rig.mopidy import MopidyProcess
from tests.rig.seeder import Swarm
from tests.rig.torrents import Version, infohashes, make_torrent
from tests.rig.tracker import Tracker

T = TypeVar("T")

#: How a record begins, in the logs of Mopidy 3 and of Mopidy 4.
_LEVEL = re.compile(r"(?:[\d: ]{8} )?(DEBUG|INFO|WARNING|ERROR|CRITICAL) ")
#: Two busy cores may take this long for anything that is about to happen.
PATIENCE_S = 40
#: Mopidy 3 says so about its own Stream extension when all backends are searched.
SEARCH_OF_STREAM = "StreamBackend backend returned bad data"
FRAME = 8  # bytes: two channels of F32LE
#: GStreamer 1.22 decodes MP3 to 16 bits and dithers by position in the file.
TWO_STEPS = 2 / 32768


@dataclass(frozen=True, slots=True)
class Album:
    """An album, its torrent, and where clients learn of its peers."""

    paths: list[Path]
    torrent: bytes
    tracker: Tracker

    @property
    def infohash(self) -> str:
        v1, v2 = infohashes(self.torrent)
        return str(v1 or v2)

    @property
    def uri(self) -> str:
        return f"vozduxan:album:{self.infohash}"

    @property
    def folder(self) -> Path:
        return self.paths[0].parent

    @property
    def size(self) -> int:
        return sum(path.stat().st_size for path in self.folder.iterdir())


@contextmanager
def album(
    folder: Path,
    tracks: Sequence[Track],
    *,
    piece_length: int = 64 * 1024,
    version: Version = "v1",
    seed: int = 1,
    files: Mapping[str, str | bytes] | None = None,
    host: str = "127.0.0.1",
    web_seeds: Sequence[str] = (),
    **tags: str,
) -> Iterator[Album]:
    """Make an album with a text file before its tracks; nobody seeds it yet.

    ``files`` are further files in its folder, ``tags`` those of `make_album`; its
    tracker is on ``host``.
    """
    folder.mkdir(parents=True)
    (folder / "00 - notes.txt").write_bytes(bytes(range(251)) * 23)
    for name, content in (files or {}).items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
    paths = make_album(folder, tracks, seed=seed, **tags)
    with Tracker(host=host) as tracker:
        torrent = make_torrent(
            folder,
            piece_length=piece_length,
            version=version,
            trackers=[tracker.url],
            web_seeds=web_seeds,
        )
        yield Album(paths, torrent, tracker)


@contextmanager
def seeded(album: Album, *, seeders: int = 3, seconds: float = 2) -> Iterator[Swarm]:
    """Seed an album, so slowly that the whole of it takes about ``seconds``."""
    rate = int(album.size / seconds / seeders)
    root = album.folder.parent
    with Swarm(album.torrent, root, seeders=seeders, rate=rate, delay_ms=20) as swarm:
        album.tracker.peers = swarm.peers
        yield swarm
        album.tracker.peers = []


class Listener:
    """A context manager: Mopidy with the extension, and ears.

    ``sync`` plays in real time. The folder's ``torrents`` are in the library when
    the constructor's ``albums`` are; inside, they already are unless ``wait`` is false.
    """

    def __init__(
        self,
        folder: Path,
        albums: Sequence[Album] = (),
        config: Mapping[str, Mapping[str, object]] | None = None,
        *,
        sync: bool = True,
        wait: bool = True,
        **options: Any,
    ) -> None:
        torrents = folder / "torrents"
        torrents.mkdir(parents=True, exist_ok=True)
        for found in albums:
            (torrents / f"{found.infohash}.torrent").write_bytes(found.torrent)
        self._awaited = albums if wait else ()
        self._sound = folder / "sound.f32"
        self.expected_errors: tuple[str, ...] = ()
        whole = {section: dict(keys) for section, keys in (config or {}).items()}
        ours = {"torrent_dirs": torrents, "stall_timeout": 5}
        whole["vozduxan"] = ours | whole.get("vozduxan", {})
        whole = {"m3u": {"enabled": "false"}, "file": {"enabled": "false"}} | whole
        whole.setdefault("loglevels", {"mopidy_vozduxan": "debug"})
        output = capture(self._sound, sync=sync, format="F32LE")
        self.mopidy = MopidyProcess(folder, whole, audio_output=output, **options)
        self.rpc = self.mopidy.rpc

    def __enter__(self) -> Self:
        self.mopidy.__enter__()
        if self._awaited:
            self.mopidy.wait_for_log(r"Added \d+ new", PATIENCE_S)
        return self

    def __exit__(self, *error: Any) -> None:
        self.mopidy.__exit__(*error)

    # --- tracks

    def tracks(self, album: Album) -> list[str]:
        """The URIs of an album's tracks, in order."""
        refs = self.rpc("core.library.browse", uri=album.uri)
        assert len(refs) == len(album.paths), refs
        return [ref["uri"] for ref in refs]

    def play(self, *uris: str) -> list[int]:
        """Play a new tracklist; its ids."""
        self.rpc("core.playback.stop")
        self.mopidy.events.skip()
        return [entry["tlid"] for entry in self.mopidy.play(*uris)]

    def wait_for(self, event: str, timeout: float = PATIENCE_S, **match: object) -> Any:
        return self.mopidy.events.wait_for_event(event, timeout, **match)

    def wait_for_started(self, uri: str, timeout: float = PATIENCE_S) -> None:
        self.wait_for("track_playback_started", timeout, tl_track__track__uri=uri)

    def wait_for_ended(self, uri: str, timeout: float = PATIENCE_S) -> None:
        self.wait_for("track_playback_ended", timeout, tl_track__track__uri=uri)

    @property
    def state(self) -> str:
        return str(self.rpc("core.playback.get_state"))

    # --- sound

    @property
    def sound(self) -> bytes:
        """Whole frames of F32LE since the last seek."""
        data = self._sound.read_bytes() if self._sound.exists() else b""
        return data[: len(data) // FRAME * FRAME]

    def wait_for_sound(self, frames: int, timeout: float = PATIENCE_S) -> bytes:
        """The sound, once there is that much of it."""
        until(lambda: len(self.sound) >= frames * FRAME, timeout)
        return self.sound

    def seek(self, position_ms: int) -> None:
        """Seek, and return when the sound begins again.

        That may take its time: in Ogg, GStreamer has to search for the place, and
        refuses to search for another one meanwhile.
        """
        before = self.wait_for_sound(512)[:4096]
        until(lambda: self.rpc("core.playback.seek", time_position=position_ms))
        until(lambda: not self.sound.startswith(before))

    # --- the log

    def assert_calm(self, since: int = 0) -> None:
        """Nothing in the log from a line on looks like a bug.

        A record is the line that names its level, and those that belong to it.
        """
        records: list[str] = []
        for line in self.mopidy.log.splitlines()[since:]:
            if _LEVEL.match(line) or not records:
                records.append(line)
            else:
                records[-1] += "\n" + line
        bad = [record for record in records if _is_bad(record)]
        bad = [x for x in bad if not any(e in x for e in self.expected_errors)]
        assert not bad, "\n".join(bad)


def _is_bad(record: str) -> bool:
    level = _LEVEL.match(record)
    return "Traceback" in record or bool(level and level[1] in ("ERROR", "CRITICAL"))


def until(true: Callable[[], T], timeout: float = PATIENCE_S) -> T:
    """Wait for another process to do something that it does not announce."""
    deadline = time.monotonic() + timeout
    while not (result := true()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{true} never became true")
        time.sleep(0.02)
    return result


def as_floats(pcm: bytes) -> bytes:
    """S16LE as F32LE, the way GStreamer does it."""
    return array("f", [sample / 32768 for sample in array("h", pcm)]).tobytes()


def assert_heard(
    source: bytes,
    heard: bytes,
    at_ms: int,
    *,
    rate: int,
    settling_s: float,
    off_s: float,
) -> int:
    """``heard`` is the source's sound from ``at_ms`` on; return the frame it ends at.

    Nothing is asked of its first ``settling_s``, and it may begin ``off_s`` away.
    """
    skip = int(settling_s * rate) * FRAME
    start = _start_of(source, heard, at_ms * rate // 1000, skip, int(off_s * rate))
    wanted = source[start + skip : start + len(heard)]
    difference = largest_difference(wanted, heard[skip : skip + len(wanted)])
    assert difference <= TWO_STEPS, difference
    assert abs(start / FRAME / rate - at_ms / 1000) <= off_s, start / FRAME / rate
    return start // FRAME + len(heard) // FRAME


def _start_of(source: bytes, heard: bytes, frame: int, skip: int, off: int) -> int:
    """The offset in the source that fits best what is heard after ``skip`` bytes."""
    try:
        return offset_in(source, heard, skip=skip, frame=FRAME)
    except ValueError:  # not to the last bit; look around the frame
        pass
    probe = array("f", heard[skip : skip + 40 * FRAME])

    def error(start: int) -> float:
        there = array("f", source[start + skip : start + skip + 40 * FRAME])
        return sum(abs(a - b) for a, b in zip(probe, there, strict=False))

    near = range(max(0, frame - off) * FRAME, (frame + off) * FRAME, FRAME)
    return min(near, key=error)


def largest_difference(one: bytes, other: bytes) -> float:
    """Between two equally long stretches of F32LE."""
    assert len(one) == len(other) > 0
    if one == other:
        return 0.0
    pairs = zip(array("f", one), array("f", other), strict=True)
    return max(abs(a - b) for a, b in pairs)
