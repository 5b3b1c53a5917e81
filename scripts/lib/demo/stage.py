"""Tracker, seeders and Mopidy: started in order, and always ended in reverse.

They use only loopback, and write only into the demo's folder.
"""

from __future__ import annotations

import contextlib
import shutil
import time
import urllib.error
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.lib.demo.interrupt import pause
from scripts.lib.demo.music import Music, is_part
from tests.rig.mopidy import MopidyProcess
from tests.rig.seeder import Swarm
from tests.rig.torrents import magnet_of, make_torrent
from tests.rig.tracker import Tracker

SEEDERS, RATE, DELAY_MS = 3, 500_000, 25
PATIENCE = 60  # seconds until a torrent must be in the library
FOR_SHEETS = 10  # seconds until its CUE sheets should have been read

#: These show the same tracks again.
VIEWS = {"vozduxan:directory:artists", "vozduxan:directory:albums"}


@dataclass(frozen=True)
class Stage:
    """What runs; `magnet` is None if the torrent came as a file."""

    music: Music
    swarm: Swarm
    mopidy: MopidyProcess
    magnet: str | None

    @property
    def log(self) -> Path:
        return self.mopidy.folder / "mopidy.log"

    def tracks(self) -> list[str]:
        """The torrent's track URIs, as soon as Mopidy has them; raises TimeoutError.

        If a CUE sheet divides a file, Mopidy gets some time to read it.
        """
        begin = time.monotonic()
        while (waited := time.monotonic() - begin) < PATIENCE:
            found = self._resolved() if self.magnet else self._below(None)
            whole = self.music.has_sheet and not any(is_part(uri) for uri in found)
            if found and (not whole or waited > FOR_SHEETS):
                return found
            pause(0.2)
        raise TimeoutError("The torrent does not appear in Mopidy's library")

    def _resolved(self) -> list[str]:
        found = self.mopidy.rpc("core.library.lookup", uris=[self.magnet])
        uris = [track["uri"] for track in found[self.magnet]]
        return [uri for uri in uris if uri != self.magnet]

    def _below(self, uri: str | None) -> list[str]:
        refs = self.mopidy.rpc("core.library.browse", uri=uri)
        if uri is None:
            refs = [ref for ref in refs if ref["uri"].startswith("vozduxan:")]
        refs = [ref for ref in refs if ref["uri"] not in VIEWS]
        tracks: list[str] = []
        for ref in refs:
            is_track = ref["type"] == "track"
            tracks += [ref["uri"]] if is_track else self._below(ref["uri"])
        return tracks


@contextlib.contextmanager
def swarm_of(music: Music) -> Iterator[tuple[bytes, Swarm]]:
    """The torrent, and its swarm in a process of its own."""
    with Tracker() as tracker:
        torrent = make_torrent(
            music.folder,
            piece_length=music.piece_length,
            trackers=[tracker.url],
            order=music.names,
        )
        with Swarm(
            torrent, music.folder.parent, seeders=SEEDERS, rate=RATE, delay_ms=DELAY_MS
        ) as swarm:
            tracker.peers = swarm.peers
            yield torrent, swarm


@contextlib.contextmanager
def stage(
    demo: Path, music: Music, output: str, *, magnet: bool, usual_ports: bool
) -> Iterator[Stage]:
    """Run everything; nothing is downloaded yet.

    With ``usual_ports``, clients find Mopidy where they expect it, unless another
    program listens there.
    """
    folder = demo / "mopidy"
    shutil.rmtree(folder, ignore_errors=True)
    torrents = folder / "torrents"
    torrents.mkdir(parents=True)
    with swarm_of(music) as (torrent, swarm):
        if not magnet:
            (torrents / f"{music.folder.name}.torrent").write_bytes(torrent)
        mopidy = _mopidy(folder, torrents, output, usual_ports)
        link = magnet_of(torrent, peers=swarm.peers) if magnet else None
        try:
            mopidy.start()
            yield Stage(music, swarm, mopidy, link)
        except urllib.error.URLError as exc:
            log = folder / "mopidy.log"
            raise RuntimeError(f"Mopidy does not answer, see {log}") from exc
        finally:
            mopidy.stop()


def _mopidy(
    folder: Path, torrents: Path, output: str, usual_ports: bool
) -> MopidyProcess:
    return MopidyProcess(
        folder,
        {
            "audio": {"mixer": "software"},
            "softwaremixer": {"enabled": "true"},
            "file": {"enabled": "false"},
            "vozduxan": {"torrent_dirs": torrents},
        },
        audio_output=output,
        usual_ports=usual_ports,
    )
