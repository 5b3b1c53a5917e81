"""Rows of playlists: what a torrent's ``.m3u`` files name."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from mopidy_vozduxan.catalog.tracks import lines, names_in
from mopidy_vozduxan.uris import PlaylistUri


@dataclass(frozen=True, slots=True)
class Playlist:
    """A playlist; ``tracks`` are track URIs."""

    uri: PlaylistUri
    name: str
    tracks: tuple[str, ...]


_PLAYLISTS = "SELECT infohash, idx, name, tracks FROM playlist"


def write_playlist(
    db: sqlite3.Connection, uri: PlaylistUri, name: str, tracks: Sequence[str]
) -> None:
    """Keep a playlist, instead of what was kept of it."""
    db.execute(
        "INSERT OR REPLACE INTO playlist VALUES (?, ?, ?, ?)",
        (uri.infohash, uri.index, lines([name]) or "?", lines(tracks)),
    )


def list_playlists(db: sqlite3.Connection) -> list[Playlist]:
    """Return every playlist, in a stable order."""
    return [_playlist(*row) for row in db.execute(f"{_PLAYLISTS} ORDER BY 1, 2")]


def read_playlist(db: sqlite3.Connection, uri: PlaylistUri) -> Playlist | None:
    """Return one playlist; None where it is unknown."""
    row = db.execute(
        f"{_PLAYLISTS} WHERE infohash = ? AND idx = ?", (uri.infohash, uri.index)
    ).fetchone()
    return _playlist(*row) if row else None


def _playlist(infohash: str, index: int, name: str, tracks: str) -> Playlist:
    return Playlist(PlaylistUri(infohash, index), name, names_in(tracks))
