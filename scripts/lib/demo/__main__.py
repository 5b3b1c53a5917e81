"""Seeds an album, and plays it in Mopidy: music out of a swarm, on this machine only.

Exits with 0 after Ctrl-C, or if --once played every track; with 1 if something did not
work, 2 for a wrong option, 130 if --once was interrupted.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.lib.demo import live, once, sound
from scripts.lib.demo.interrupt import take_signals
from scripts.lib.demo.music import Music, NoMusic, album_in, music_in
from scripts.lib.demo.stage import DELAY_MS, RATE, SEEDERS, Stage, stage
from tests.rig.capture import SILENT

CLONE = Path(__file__).parents[3]
CALLER = Path(os.environ.get("DEMO_CALLER", "."))  # relative paths begin there


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    parser = _parser()
    options = parser.parse_args()
    try:
        music = music_in(CALLER / options.album) if options.album else None
    except NoMusic as exc:
        parser.error(str(exc))
    take_signals()
    try:
        with _only_demo_in(CALLER / options.folder) as folder:
            return _demo(options, folder, music)
    except KeyboardInterrupt:
        say("Mopidy and the swarm have ended.")
        return 130 if options.once else 0
    except (OSError, RuntimeError) as exc:
        print(f"scripts/demo: {exc}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "scripts/demo",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--once", action="store_true", help="play 3 s of every track, and exit")
    add("--album", type=Path, metavar="DIR", help="seed this folder of music instead")
    add("--magnet", action="store_true", help="give Mopidy a magnet link, not a file")
    add("--silent", action="store_true", help="use no sound device")
    add(
        "--folder",
        type=Path,
        metavar="DIR",
        default=CLONE / ".demo",
        help="where the demo keeps its files (.demo in the clone)",
    )
    return parser


@contextmanager
def _only_demo_in(folder: Path) -> Iterator[Path]:
    """Its folder, out of git's sight; RuntimeError if another demo runs there."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise RuntimeError(f"another demo runs in {folder}") from exc
        yield folder


def _demo(options: argparse.Namespace, folder: Path, music: Music | None) -> int:
    music = _seeded(music, folder)
    output = _output(options)
    say(
        f"Starting {SEEDERS} seeders in a process of their own"
        f" ({RATE // 1000} kB/s each, {2 * DELAY_MS} ms away), and Mopidy"
    )
    with stage(
        folder,
        music,
        output,
        magnet=options.magnet,
        usual_ports=not options.silent,  # silent ones are tests: many at a time
    ) as running:
        _introduce(running)
        uris = running.tracks()
        if options.once:
            return 0 if once.play_all(running, uris) else 1
        running.mopidy.play(*uris)
        live.show(running, uris)
    return 0


def _seeded(music: Music | None, folder: Path) -> Music:
    if music is None:
        say(f"The demo's album is in {folder} (made on the first run)")
        return album_in(folder)
    files, size = len(music.files), music.size / 1e6
    say(f"Seeding {music.folder} ({files} files, {size:.0f} MB); nothing in it changes")
    return music


def _output(options: argparse.Namespace) -> str:
    device = None if options.silent else sound.device()
    if device:
        say(f"Sound goes to this machine's {device}")
        return sound.AUDIBLE
    say("No sound device: Mopidy plays in real time, but nobody hears it")
    return SILENT


def _introduce(running: Stage) -> None:
    mopidy = running.mopidy
    say(f"Mopidy {mopidy.rpc('core.get_version')} has the album as a torrent, no more")
    say(f"  in a browser   {mopidy.url}/vozduxan/ and {mopidy.url}/mopidy/")
    say(f"  an MPD client  mpc -p {mopidy.mpd_port} status")
    say(f"  Mopidy's log   {running.log}")


if __name__ == "__main__":
    sys.exit(main())
