"""Mopidy's queries as conditions on rows of tracks and their albums: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mopidy_vozduxan.catalog.columns import ARTISTS, GENRES
from mopidy_vozduxan.catalog.words import phrases
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.torrent.tags import UNKNOWN_ARTIST
from mopidy_vozduxan.torrent.uris import (
    SCHEME,
    AlbumUri,
    AnyUri,
    ArtistUri,
    DirectoryUri,
    RootUri,
    TrackUri,
    ViewUri,
    parse,
)

Query = Mapping[str, Sequence[str]]
Value = str | int


@dataclass(slots=True)
class SearchConditions:
    """All of ``sql`` must hold, and ``match`` in the full-text index if not empty.

    ``narrow`` says that few rows fulfil ``sql``, and that an index finds them.
    """

    sql: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    match: list[str] = field(default_factory=list)
    narrow: bool = False

    def add(self, sql: str, *values: Value) -> None:
        """Add a condition."""
        self.sql.append(sql)
        self.values.extend(values)


class NothingFits(Exception):
    """No row can fulfil the query."""


# The column of the full-text index, and that of the tables, for each field. Names are
# one per line: an exact search compares lines, others search in the text.
_TEXTS = {
    "track_name": ("title", "track.title"),
    "artist": ("artist", ARTISTS),
    "album": ("album", "album.name"),
    "albumartist": ("albumartist", "album.artists"),
    "composer": ("composer", "track.composers"),
    "performer": ("performer", "track.performers"),
    "genre": ("genre", "track.genre"),
}
#: Fields in which clients see :data:`UNKNOWN_ARTIST` if they are empty.
_PEOPLE = frozenset({"artist", "albumartist"})
#: Fields that may have several values in a track.
SEVERAL = frozenset({"artist", "albumartist", "composer", "performer", "genre"})
#: A track's URI, computed from its row and its album's.
TRACK_URI = (
    f"'{SCHEME}:track:' || album.infohash || ':' || track.idx"
    " || iif(track.part, ':' || track.part, '')"
)
_NUMBERS = {"track_no": "track.track_no", "disc_no": "track.disc_no"}


def conditions(
    query: Query, uris: Iterable[str] | None = None, *, exact: bool
) -> SearchConditions:
    """Return the conditions for tracks; raises :class:`NothingFits`.

    All values of all fields must match: exactly, or word by word, with the last word
    as a prefix.
    """
    result = SearchConditions()
    for name, values in query.items():
        add = _adder(name)
        for value in values:
            add(result, name, value, exact)
    if uris is not None:
        _limit(result, [_root(uri) for uri in uris])
    return result


def _adder(name: str) -> Callable[[SearchConditions, str, str, bool], None]:
    if name in _TEXTS:
        return _add_text
    if name in _NUMBERS:
        return _add_number
    try:
        return {"any": _add_any, "uri": _add_uri, "date": _add_date}[name]
    except KeyError:  # rows have no comments or MusicBrainz ids
        raise NothingFits from None


def _add_text(result: SearchConditions, name: str, value: str, exact: bool) -> None:
    column, place = _TEXTS[name]
    if exact and value == UNKNOWN_ARTIST and name in _PEOPLE:
        result.add(f"{place} = '' OR {place} = ?", value)
        return
    found = phrases(value, exact=exact)
    if exact:
        result.add(*_equals(name, value))
        result.narrow = result.narrow or name == "album"
    if found:
        result.match.append(f"{column} : ({' '.join(found)})")
    elif not exact:
        result.add(f"instr({place}, ?)", value)


def _add_any(result: SearchConditions, _name: str, value: str, exact: bool) -> None:
    found = phrases(value, exact=exact)
    if exact:
        tests = [_equals(name, value) for name in _TEXTS]
        result.add(" OR ".join(sql for sql, _ in tests), *[value] * len(tests))
    if found:
        result.match.append(f"({' '.join(found)})")
    elif not exact:
        tests_sql = " OR ".join(f"instr({place}, ?)" for _, place in _TEXTS.values())
        result.add(tests_sql, *[value] * len(_TEXTS))


def _equals(name: str, value: str) -> tuple[str, str]:
    place = _TEXTS[name][1]
    if name == "genre":  # clients show several as one text
        value = value.replace(GENRES, "\n")
    if name in SEVERAL:
        return holds(place), value
    return f"{place} = ?", value


def holds(place: str) -> str:
    """Return the SQL test whether one of a column's names equals the next value."""
    return f"instr(char(10) || {place} || char(10), char(10) || ? || char(10))"


def _add_number(result: SearchConditions, name: str, value: str, _exact: bool) -> None:
    try:
        number = int(value)
    except ValueError:
        raise NothingFits from None
    if not 0 <= number < 1 << 40:
        raise NothingFits
    result.add(f"{_NUMBERS[name]} = ?", number)


def _add_date(result: SearchConditions, _name: str, value: str, exact: bool) -> None:
    if exact:
        result.add("track.date = ?", value)
    else:  # a year matches all its days
        result.add("track.date >= ? AND track.date < ?", value, value + "\U0010ffff")


def _add_uri(result: SearchConditions, _name: str, value: str, exact: bool) -> None:
    try:
        below = _below(parse(value))
    except BadInput:
        below = None
    if below:
        result.add(below[0], *below[1])
        result.narrow = True
    elif exact:
        raise NothingFits
    else:
        result.add(f"instr({TRACK_URI}, ?)", value)


# --- where to search


def _root(uri: str) -> tuple[str, list[Value]] | None:
    """Return the SQL test that limits a search to ``uri``; "" for no limit."""
    if uri == f"{SCHEME}:":
        return "", []
    try:
        return _below(parse(uri))
    except BadInput:
        return None


def _below(uri: AnyUri) -> tuple[str, list[Value]] | None:
    match uri:
        case RootUri() | ViewUri():
            return "", []
        case DirectoryUri(infohash) | AlbumUri(infohash, None):
            return "album.infohash = ?", [infohash]
        case AlbumUri(infohash, int(folder)):
            return "album.infohash = ? AND album.folder = ?", [infohash, folder]
        case TrackUri(infohash, index, part):
            test = "album.infohash = ? AND track.idx = ? AND track.part = ?"
            return test, [infohash, index, part or 0]
        case ArtistUri(name):
            test = f"({holds('track.artists')} OR {holds('album.artists')})"
            return test, [name, name]
    return None


def _limit(
    result: SearchConditions, roots: Sequence[tuple[str, list[Value]] | None]
) -> None:
    known = [root for root in roots if root]
    if not known:
        raise NothingFits
    if all(sql for sql, _ in known):
        tests = " OR ".join(f"({sql})" for sql, _ in known)
        result.add(tests, *[value for _, values in known for value in values])
        result.narrow = True
