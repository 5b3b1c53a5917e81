"""The music to seed: the demo's own album, or any folder, which is never changed."""

from __future__ import annotations

import functools
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import gi

from mopidy_vozduxan.audio.formats import is_audio
from mopidy_vozduxan.torrent.uris import TrackUri, parse
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


class NoMusic(Exception):
    """There is nothing to seed; the message says why."""


@dataclass(frozen=True)
class Music:
    """A folder; files are numbered as its torrent numbers them."""

    folder: Path

    @functools.cached_property
    def files(self) -> list[Path]:
        """The files to seed: those that can be read, and named in a torrent."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return [path for path in found if _can_be_seeded(path)]

    @property
    def names(self) -> list[str]:
        """The files' paths below the folder."""
        return [str(path.relative_to(self.folder)) for path in self.files]

    @property
    def has_audio(self) -> bool:
        return any(is_audio(name) for name in self.names)

    @property
    def has_sheet(self) -> bool:
        return any(name.lower().endswith(".cue") for name in self.names)

    @functools.cached_property
    def size(self) -> int:
        return sum(path.stat().st_size for path in self.files)

    @property
    def piece_length(self) -> int:
        """64 KiB, or for a large torrent what gives one or two thousand pieces."""
        return max(65_536, 1 << (self.size // 2000).bit_length())

    def length_ms(self, uri: str) -> int | None:
        """The length of a track in this folder, by its URI in Mopidy, if known.

        It is measured on our own copy, because Mopidy has only an estimate. For a part
        of a file Mopidy knows better, from the CUE sheet.
        """
        track = parse(uri)
        if is_part(uri) or not isinstance(track, TrackUri):
            return None
        return _length_ms(self.files[track.index])


def is_part(uri: str) -> bool:
    """Whether a track is a part of a file, by a CUE sheet."""
    track = parse(uri)
    return isinstance(track, TrackUri) and track.part is not None


def music_in(folder: Path) -> Music:
    """The music in somebody's folder; raises NoMusic."""
    if not folder.is_dir():
        raise NoMusic(f"{folder} is not a folder")
    music = Music(folder.resolve())
    if not os.access(music.folder, os.R_OK | os.X_OK):
        raise NoMusic(f"{folder} cannot be read")
    if not music.has_audio:
        raise NoMusic(f"there is no music in {folder}")
    return music


def album_in(demo: Path) -> Music:
    """Our own album, which the first call makes."""
    album = demo / ALBUM
    if not album.exists():
        unfinished = demo / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        artist, name = ALBUM.split(" - ")
        make_album(unfinished, TRACKS, artist=artist, album=name)
        os.rename(unfinished, album)
    return Music(album)


def _can_be_seeded(path: Path) -> bool:
    """Names in torrents are UTF-8; names in old collections may not be."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return os.access(path, os.R_OK)


@functools.cache
def _length_ms(path: Path) -> int | None:
    Gst.init(None)
    try:
        found = GstPbutils.Discoverer.new(5 * Gst.SECOND).discover_uri(path.as_uri())
    except GLib.Error:
        return None
    return int(found.get_duration() // Gst.MSECOND)
