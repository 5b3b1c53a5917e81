"""The stage of a soak: torrents that one peer seeds, and a Mopidy with a small cache.

The first two albums have several formats and lengths, the others noise in FLAC: it is
made quickly, and takes the space of music.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import libtorrent as lt

from tests.rig.album import FRAME, RATE, Track, encode, make_album
from tests.rig.mopidy import MopidyProcess
from tests.rig.seeder import SETTINGS
from tests.rig.torrents import infohashes, make_torrent
from tests.rig.tracker import Tracker

SILENT = "fakesink sync=true"
SEED_HOST = "127.0.0.2"
#: Of the one peer, in bytes/s: some ten times what plays.
RATE_BYTES_PER_S = 2_000_000
PIECE_BYTES = 128 * 1024
TRACKS = [
    [Track(f"Short {n}", "flac", 5 + n) for n in range(4)],
    [Track(f"Long {n}", kind, 15) for n, kind in enumerate(("mp3", "flac", "ogg"))],
]
TRACKS_EACH = 11
NOISE_S = 12


@dataclass(frozen=True, slots=True)
class Stage:
    """A running Mopidy, what it can play, and what it may keep, in bytes.

    ``slack`` is the size of the largest three files, which may play, come next and
    after that, with the pieces that they share.
    """

    mopidy: MopidyProcess
    uris: Sequence[str]
    data: Path
    limit: int
    slack: int


@contextmanager
def stage(folder: Path, torrents: int, limit_mb: int) -> Iterator[Stage]:
    """Seed ``torrents`` torrents, and start a Mopidy with a cache of ``limit_mb``."""
    music, library = folder / "music", folder / "torrents"
    library.mkdir(parents=True)
    with ExitStack() as stack:
        tracker = stack.enter_context(Tracker())
        session = _session()
        albums = [_album(music / f"Album {n}", n) for n in range(torrents)]
        made = [_seed(session, album, tracker.url, library) for album in albums]
        tracker.peers = [(SEED_HOST, _port(session))]
        mopidy = MopidyProcess(
            folder / "mopidy", _config(library, limit_mb), audio_output=SILENT
        )
        stack.enter_context(mopidy)
        mopidy.wait_for_log(r"Added \d+ new", 60)
        uris = [next(albums[0].glob("*.flac")).as_uri()]
        for infohash in made:
            refs = mopidy.rpc("core.library.browse", uri=f"vozduxan:album:{infohash}")
            uris += [ref["uri"] for ref in refs]
        sizes = sorted(path.stat().st_size for path in music.rglob("*.*"))
        slack = sum(sizes[-3:]) + 6 * PIECE_BYTES
        data = folder / "mopidy" / "cache" / "vozduxan" / "torrents"
        yield Stage(mopidy, uris, data, limit_mb * 1_000_000, slack)


def _config(library: Path, limit_mb: int) -> dict[str, dict[str, object]]:
    limits = {"cache_max_size": f"{limit_mb}MB", "min_free_space": "1MB"}
    return {
        "vozduxan": {
            "torrent_dirs": library,
            "stall_timeout": 8,
            **(limits if limit_mb else {}),
        },
        # A minute may pass without a key over MPD.
        "mpd": {"connection_timeout": 3600},
        "loglevels": {
            "mopidy_vozduxan": "debug",
            "mopidy.audio": "debug",
            "mopidy_mpd": "debug",
        },
    }


def _session() -> lt.session:
    session = lt.session(SETTINGS | {"listen_interfaces": f"{SEED_HOST}:0"})
    everyone = lt.ip_filter()
    everyone.add_rule("0.0.0.0", "255.255.255.255", 1)  # local peers have no limit
    session.set_peer_class_filter(everyone)
    session.apply_settings({"upload_rate_limit": RATE_BYTES_PER_S})
    return session


def _port(session: lt.session) -> int:
    while not (port := session.listen_port()):
        session.wait_for_alert(1000)
        session.pop_alerts()
    return int(port)


def _album(folder: Path, number: int) -> Path:
    if number < len(TRACKS):
        make_album(folder, TRACKS[number], seed=number)
        return folder
    folder.mkdir(parents=True)
    noise = random.Random(number)
    for track in range(1, TRACKS_EACH + 1):
        pcm = noise.randbytes(NOISE_S * RATE * FRAME)
        title = f"Noise {number}-{track}"
        tags: dict[str, str | int] = {"title": title, "track-number": track}
        encode(pcm, folder / f"{track:02} - {title}.flac", "flac", tags)
    return folder


def _seed(session: lt.session, album: Path, tracker: str, library: Path) -> str:
    """Seed an album, and put its torrent into the library; return its infohash."""
    torrent = make_torrent(album, piece_length=PIECE_BYTES, trackers=[tracker])
    params = lt.load_torrent_buffer(torrent)
    params.save_path = str(album.parent)
    params.flags |= lt.torrent_flags.seed_mode | lt.torrent_flags.disable_pex
    params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    session.add_torrent(params)
    (library / f"{album.name}.torrent").write_bytes(torrent)
    v1, _ = infohashes(torrent)
    return str(v1)
