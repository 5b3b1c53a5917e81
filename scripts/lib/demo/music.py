"""What is seeded: the demo's own album, or any folder. Never changes a given folder."""

from __future__ import annotations

import functools
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import gi

from tests.rig.album import Track, make_album

gi.require_version("Gst", "1.0")
gi.require_version("GstPbutils", "1.0")
from gi.repository import GLib, Gst, GstPbutils  # noqa: E402

ALBUM = "The Seeders - Loopback"

# 40 s each, 15 MB in all: at 1.5 MB/s the swarm is busy for a quarter of a minute.
TRACKS = [
    Track("Every Sample", "flac", 40),
    Track("Plain Wave", "wav", 40),
    Track("Layer Three", "mp3", 40),
    Track("Container Blues", "ogg", 40),
    Track("Small Packets", "opus", 40),
    Track("Index at the End", "m4a", 40),
]


@dataclass(frozen=True)
class Music:
    """A folder; files are numbered as `make_torrent` numbers them."""

    folder: Path

    @functools.cached_property
    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    @functools.cached_property
    def size(self) -> int:
        return sum(path.stat().st_size for path in self.files)

    @property
    def piece_length(self) -> int:
        """64 KiB, or what gives a large torrent the usual one or two thousand."""
        return max(65_536, 1 << (self.size // 2000).bit_length())

    def length_ms(self, uri: str) -> int | None:
        """Of a track of this folder, by its URI in Mopidy; None if not playable.

        Measured on our own copy: Mopidy has only an estimate.
        """
        return _length_ms(self.files[int(uri.rpartition(":")[2])])


def album_in(demo: Path) -> Music:
    """Our own album, made on the first call and used again afterwards."""
    album = demo / ALBUM
    if not album.exists():
        unfinished = demo / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        artist, name = ALBUM.split(" - ")
        make_album(unfinished, TRACKS, artist=artist, album=name)
        os.rename(unfinished, album)
    return Music(album)


@functools.cache
def _length_ms(path: Path) -> int | None:
    Gst.init(None)
    try:
        found = GstPbutils.Discoverer.new(5 * Gst.SECOND).discover_uri(path.as_uri())
    except GLib.Error:
        return None
    return int(found.get_duration() // Gst.MSECOND)
