"""Finds tracks, albums, artists and distinct values; builds no models.

Results have a stable order: as they were added, with an album's tracks together and in
the order of play.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from mopidy_vozduxan.catalog.columns import names_in
from mopidy_vozduxan.catalog.conditions import (
    SEVERAL,
    TRACK_URI,
    NothingFits,
    Query,
    SearchConditions,
    Value,
    conditions,
    holds,
)
from mopidy_vozduxan.catalog.database import CatalogFile
from mopidy_vozduxan.catalog.entries import ALBUMS, TRACKS, albums, in_order, tracks
from mopidy_vozduxan.catalog.words import phrases, words
from mopidy_vozduxan.torrent.layout import Album, Track
from mopidy_vozduxan.torrent.uris import AlbumUri

_FROM_TRACKS = TRACKS.index(" FROM track JOIN")
_JOINS = TRACKS[_FROM_TRACKS:]
_SELECTED = TRACKS[:_FROM_TRACKS]
# CROSS JOIN fixes SQLite's join order: the index answers row by row, so that a limit
# ends the query early.
_JOINS_FROM_WORDS = (
    " FROM words CROSS JOIN track ON track.id = words.rowid"
    " CROSS JOIN album ON album.id = track.album JOIN torrent USING (infohash)"
)

#: The distinct values of a field, if there are no other conditions.
_COLUMNS = {
    "uri": TRACK_URI,
    "track": "track.title",
    "track_name": "track.title",
    "artist": "track.artists",
    "album": "album.name",
    "albumartist": "album.artists",
    "composer": "track.composers",
    "performer": "track.performers",
    "genre": "track.genre",
    "date": "track.date",
    "track_no": "track.track_no",
    "disc_no": "track.disc_no",
}


class Search:
    """Asks one catalog; safe to call from any thread. All may raise
    :class:`StorageFailed`."""

    def __init__(self, file: CatalogFile) -> None:
        self._file = file

    def tracks(
        self, query: Query, uris: Iterable[str] | None, exact: bool, limit: int
    ) -> list[Track]:
        """Return the tracks below ``uris`` that match Mopidy's ``query``."""
        try:
            wanted = conditions(query, uris, exact=exact)
        except NothingFits:
            return []
        return self._tracks(wanted, limit)

    def albums(self, text: str, limit: int) -> list[Album]:
        """Return albums with every word of ``text`` in their name or artists."""
        among = "{album albumartist}"
        ids = self._matching("DISTINCT track.album", among, text, limit)
        marks = ", ".join("?" * len(ids))
        return self._albums(f"WHERE album.id IN ({marks})", *ids)

    def artists(self, text: str, limit: int) -> list[str]:
        """Return names of artists with every word of ``text``."""
        found: dict[str, None] = {}
        for column in ("track.artists", "album.artists"):
            among = "{artist albumartist}"
            for names in self._matching(f"DISTINCT {column}", among, text, limit):
                found.update(dict.fromkeys(names_in(str(names))))
        sought = words(text).split()
        return [name for name in found if all(w in words(name) for w in sought)]

    def tracks_of_artist(self, name: str) -> list[Track]:
        """Return an artist's tracks, and those on the artist's albums."""
        wanted = SearchConditions()
        test = f"({holds('track.artists')} OR {holds('album.artists')})"
        wanted.add(test, name, name)
        if found := phrases(name, exact=True):
            wanted.match.append(f"{{artist albumartist}} : {found[0]}")
        return self._tracks(wanted, -1)

    def albums_of_artist(self, name: str) -> list[Album]:
        """Return the albums that are listed under an artist, or are the artist's."""
        where = f"WHERE {holds('people')} OR {holds('album.artists')}"
        return self._albums(where, name, name)

    def all_albums(self) -> list[Album]:
        """Return every album, in the order of addition."""
        return self._albums("")

    def all_artists(self) -> list[str]:
        """Return the artists that albums are listed under, in no order."""
        rows = self._rows("SELECT DISTINCT people FROM album")
        return list({name: None for (names,) in rows for name in names_in(str(names))})

    def albums_by_artist(self) -> dict[str, list[tuple[str, int]]]:
        """Return (infohash, folder) of the albums listed under each artist."""
        found: dict[str, list[tuple[str, int]]] = defaultdict(list)
        rows = self._rows("SELECT people, infohash, folder FROM album ORDER BY id")
        for people, *place in rows:
            for name in names_in(people):
                found[name].append((place[0], place[1]))
        return dict(found)

    def distinct(self, field: str, query: Query) -> set[Value]:
        """Return the values of Mopidy's ``field`` in tracks that match exactly."""
        try:
            column = _COLUMNS[field]
            joins, where, values = _parts(conditions(query, exact=True))
        except (KeyError, NothingFits):
            return set()
        if not where and column != TRACK_URI:
            joins = f" FROM {column.partition('.')[0]}"
        and_ = " AND" if where else " WHERE"
        rows = self._rows(
            f"SELECT DISTINCT {column}{joins}{where}{and_} {column} != ''", *values
        )
        if field in SEVERAL:
            return {name for (names,) in rows for name in names_in(names)}
        return {value for (value,) in rows}

    def _tracks(self, wanted: SearchConditions, limit: int) -> list[Track]:
        joins, where, values = _parts(wanted)
        rows = self._rows(
            f"{_SELECTED}{joins}{where} ORDER BY track.id LIMIT ?", *values, limit
        )
        by_album: dict[AlbumUri, list[Track]] = defaultdict(list)
        for track in tracks(rows):
            by_album[track.album.uri].append(track)
        return [t for together in by_album.values() for t in in_order(together)]

    def _albums(self, where: str, *values: Value) -> list[Album]:
        return albums(self._rows(f"{ALBUMS} {where} ORDER BY album.id", *values))

    def _matching(
        self, selected: str, columns: str, text: str, limit: int
    ) -> list[Value]:
        found = phrases(text, exact=False)
        if not found:
            return []
        rows = self._rows(
            f"SELECT {selected}{_JOINS_FROM_WORDS} WHERE words MATCH ? LIMIT ?",
            f"{columns} : ({' '.join(found)})",
            limit,
        )
        return [value for (value,) in rows]

    def _rows(self, sql: str, *values: Value) -> list[Any]:
        return self._file.read(lambda db: db.execute(sql, values).fetchall())


def _parts(wanted: SearchConditions) -> tuple[str, str, Sequence[Value]]:
    """Return joins, conditions and their values."""
    tests, values, joins = list(wanted.sql), list(wanted.values), _JOINS
    if wanted.match:
        match = " AND ".join(wanted.match)
        if wanted.narrow:
            tests.append("track.id IN (SELECT rowid FROM words WHERE words MATCH ?)")
            values.append(match)
        else:
            tests.insert(0, "words MATCH ?")
            values.insert(0, match)
            joins = _JOINS_FROM_WORDS
    where = " WHERE " + " AND ".join(f"({test})" for test in tests) if tests else ""
    return joins, where, values
