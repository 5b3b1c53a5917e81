"""Rows of playlists: what a torrent's ``.m3u`` files name."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from mopidy_vozduxan.catalog.columns import lines, names_in
from mopidy_vozduxan.torrent.uris import PlaylistUri


@dataclass(frozen=True, slots=True)
class Playlist:
    """A playlist; ``tracks`` are track URIs, left out in long lists."""

    uri: PlaylistUri
    name: str
    tracks: tuple[str, ...] = ()


def write_playlist(
    db: sqlite3.Connection, uri: PlaylistUri, name: str, tracks: Sequence[str]
) -> None:
    """Keep a playlist, in place of its earlier version."""
    db.execute(
        "INSERT OR REPLACE INTO playlist VALUES (?, ?, ?, ?)",
        (uri.infohash, uri.index, lines([name]) or "?", lines(tracks)),
    )


def list_playlists(db: sqlite3.Connection) -> list[Playlist]:
    """Return every playlist without its tracks, in a stable order."""
    rows = db.execute("SELECT infohash, idx, name FROM playlist ORDER BY 1, 2")
    return [Playlist(PlaylistUri(*place), name) for *place, name in rows]


def read_playlist(db: sqlite3.Connection, uri: PlaylistUri) -> Playlist | None:
    """Return one playlist; None where it is unknown."""
    row = db.execute(
        "SELECT name, tracks FROM playlist WHERE infohash = ? AND idx = ?",
        (uri.infohash, uri.index),
    ).fetchone()
    return Playlist(uri, row[0], names_in(row[1])) if row else None
