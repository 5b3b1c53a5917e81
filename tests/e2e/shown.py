"""The music that clients are shown with, in tests and in the documentation.

Two albums: one that is in the library, and one of which there is but a magnet link.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.stage import Album, album, seeded
from tests.rig.album import Track
from tests.rig.seeder import Swarm

ARTIST = "The Seeders"
NAME = "Loopback"
TITLES = ["First Piece", "Rarest First", "Optimistic Unchoke", "Endgame"]
SECONDS = 40
OTHER_NAME = "Wire Protocol"
OTHER_TITLES = ["Handshake", "Have", "Cancel"]
OTHER_SECONDS = 20


@contextmanager
def records(folder: Path) -> Iterator[Album]:
    """The album that is in the library."""
    tracks = [Track(title, "mp3", SECONDS) for title in TITLES]
    place = folder / f"{ARTIST} - {NAME} (2024)"
    with (
        album(place, tracks, artist=ARTIST, album=NAME) as made,
        seeded(made, seconds=4),
    ):
        yield made


@contextmanager
def unknown(folder: Path, *, seed: int = 2) -> Iterator[tuple[Album, Swarm]]:
    """The album that Mopidy has never heard of; another seed is another torrent."""
    tracks = [Track(title, "opus", OTHER_SECONDS) for title in OTHER_TITLES]
    place = folder / f"{ARTIST} - {OTHER_NAME}"
    with (
        album(place, tracks, seed=seed, artist=ARTIST, album=OTHER_NAME) as made,
        seeded(made, seconds=2) as swarm,
    ):
        yield made, swarm
