"""What file and folder names say of the music: pure, and never lossy.

A name that fits no pattern is its own title. Whether "12 Monkeys" is track 12
or a title, only its neighbours know: a :class:`Style` is read from a folder's
files first. All text that comes out is clean (see :func:`clean`) and NFC.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mopidy_vozduxan.formats import stem

#: One part of a natural sort key: digits count by value, the rest by letters.
NaturalKey = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Style:
    """How a folder's files are named.

    ``numbered``: a number before a blank is a track number. ``artists``: what
    stands before the first dash is an artist. ``scene``: no blanks at all,
    ``01-artist-some_title``.
    """

    numbered: bool = False
    artists: bool = True
    scene: bool = False


@dataclass(frozen=True, slots=True)
class TrackName:
    """What a file's name says."""

    title: str
    artist: str | None = None
    track_no: int | None = None
    disc_no: int | None = None


# Not \s: C0 controls are blanks too; then what flips or breaks lines.
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028-\u202e\u2066-\u2069\s]+")
_DASH = re.compile(r"(?<!\S)[-–—－]{1,2}(?!\S)")
_DIGITS = re.compile(r"([0-9]{1,18})")  # int() of 4300 digits raises ValueError

_DISC_WORD = r"(?:cd|dis[ck]|disque|диск|ディスク)"
_DISC = rf"{_DISC_WORD}[ ._-]*(?P<disc>\d{{1,2}})"
_DISC_FOLDER = re.compile(rf"{_DISC}(?![^\W_])", re.IGNORECASE)
_DISC_SUFFIX = re.compile(rf".*[ (\[._-]{_DISC}[)\] ]*", re.IGNORECASE)

_AFTER = r"(?:\s*[-–—.:)\]]+\s*|\s+)(?=\S)"
# "1-02 Title", "CD1-02 Title", "d1t02. Title"; "10.15 Saturday Night" is none.
_DISC_AND_TRACK = re.compile(
    rf"(?:(?:{_DISC_WORD}|d)\s?(?P<word>\d{{1,2}})\s?(?:[-.]|t(?:rack)?|\s)\s?"
    rf"|(?P<dash>\d{{1,2}})-|(?P<dot>[1-9])\.)(?P<track>\d\d){_AFTER}",
    re.IGNORECASE,
)
_TRACK = re.compile(
    r"[\[(#]?(?P<track>\d{1,3})"
    r"(?P<after>\.(?!\.)\s*|\s*[-–—:]\s*|[)\]][.\s-]*|\s+|(?=\.\.))(?=\S)"
)
# "Artist - Album - 03 - Title" falls apart at the dashes, this at its number.
_INNER_TRACK = re.compile(r"(?:(?P<dot>\d{1,3})\.|(?P<blank>0\d{1,2}))\s+(?=\S)")


def clean(text: str) -> str:
    """Return ``text`` as one printable line in NFC, fit for every client.

    A lone surrogate makes Mopidy 4 answer with an empty body and MPD hang up;
    it becomes "?".
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()  # most names, and a list of torrents is long
    encodable = text.encode("utf-8", "replace").decode("utf-8")
    line = _UNPRINTABLE.sub(" ", encodable).strip()
    return unicodedata.normalize("NFC", line)


def spaced(text: str) -> str:
    """Return ``text`` clean, its underscores as blanks where it has no blanks."""
    line = clean(text)
    return line if " " in line else clean(line.replace("_", " "))


def dash_parts(text: str) -> list[str]:
    """Return what stands between free-standing dashes, without empty parts."""
    return [part for piece in _DASH.split(text) if (part := piece.strip())]


def folded(text: str) -> str:
    """Return ``text`` fit to be compared without regard to case."""
    return unicodedata.normalize("NFC", text).casefold()


def natural_key(text: str) -> NaturalKey:
    """Return a sort key that puts 2 before 10 and knows no case."""
    parts = enumerate(_DIGITS.split(folded(text)))  # every odd one is a number
    return tuple(
        (0, int(part), "") if place % 2 else (1, 0, part)
        for place, part in parts
        if part
    )


def natural_path_key(path: str) -> tuple[NaturalKey, ...]:
    """Return a sort key that compares paths folder by folder."""
    return tuple(natural_key(part) for part in path.split("/"))


def unique(names: Iterable[str]) -> list[str]:
    """Return the names fit to share a directory: no two equal, none with a slash.

    MPD clients walk by name, and Mopidy deletes slashes from names.
    """
    seen: set[str] = set()
    result = []
    for name in names:
        plain = clean(name).replace("/", "-") or "?"
        free, count = plain, 1
        while free in seen:
            count += 1
            free = f"{plain} [{count}]"
        seen.add(free)
        result.append(free)
    return result


def disc_of_folder(name: str) -> int | None:
    """Return the number of a folder that is one disc of something: "CD 2"."""
    match = _DISC_FOLDER.match(clean(name))
    return int(match["disc"]) if match else None


def style_of(paths: Sequence[str]) -> Style:
    """Return how the files of one folder are named."""
    stems = [clean(stem(path)) for path in paths]
    scene = any("_" in s for s in stems) and not any(" " in s for s in stems)
    if len(stems) < 2:
        return Style(scene=scene)
    numbers = sum(bool(_DISC_AND_TRACK.match(s) or _TRACK.match(s)) for s in stems)
    loose = Style(numbered=numbers * 3 > len(stems) * 2, scene=scene)
    names = [track_name(path, loose) for path in paths]
    # "Polly - Live", "Lake of Fire - Live": what never changes is no title.
    titles = {name.title for name in names}
    artists = all(name.artist for name in names) and len(titles) > 1
    return Style(loose.numbered, artists, scene)


def track_name(path: str, style: Style | None = None) -> TrackName:
    """Return what the path of an audio file says of its track."""
    style = style or style_of([path])
    whole = clean(stem(path))
    text = _opened(whole) if style.scene else spaced(whole)
    disc_no, track_no, rest = _numbers(text, style)
    if track_no is None and style.artists and (found := _inner(text)):
        artist, track_no, title = found
        return TrackName(title, artist, track_no, _disc_above(path))
    singer, title = _artist_and_title(rest, style)
    return TrackName(
        title or whole or "?", singer, track_no, disc_no or _disc_above(path)
    )


def _numbers(text: str, style: Style) -> tuple[int | None, int | None, str]:
    """Return disc number, track number, and the text after them."""
    match = _DISC_AND_TRACK.match(text)
    if match and (match["word"] or match["dot"] or _is_disc(match["dash"], style)):
        disc = match["word"] or match["dash"] or match["dot"]
        return int(disc), int(match["track"]), text[match.end() :]
    match = _TRACK.match(text)
    if match and _is_number(match, text, style):
        return None, int(match["track"]), text[match.end() :]
    # A bare "07" keeps its digits as the title as well.
    bare = text.isdecimal() and (text.startswith("0") or style.numbered)
    return None, int(text) if bare and len(text) <= 3 else None, text


def _is_disc(number: str, style: Style) -> bool:
    return style.numbered or number.startswith("0") or len(number) == 1


def _is_number(match: re.Match[str], text: str, style: Style) -> bool:
    after = match["after"]
    if text[match.end()].isdecimal() and after.strip() == after:
        return False  # "10.15 Saturday Night", "3-11"
    if style.numbered or match["track"].startswith("0"):
        return True
    # "3. Title", "3.Title", "3 - Title", but neither "4-Ever" nor "99 Problems".
    return after[:1] == "." or (
        after.strip() in tuple("-–—") and after != after.strip()
    )


def _inner(text: str) -> tuple[str, int, str] | None:
    """Return artist, number and title of "Artist - [Album -] 03[.| -] Title"."""
    parts = dash_parts(text)
    for place, part in enumerate(parts[1:], start=1):
        if part.isdecimal() and len(part) <= 3 and place + 1 < len(parts):
            return parts[0], int(part), " - ".join(parts[place + 1 :])
        if match := _INNER_TRACK.match(part):
            title = " - ".join([part[match.end() :], *parts[place + 1 :]])
            return parts[0], int(match["dot"] or match["blank"]), title
    return None


def _artist_and_title(text: str, style: Style) -> tuple[str | None, str]:
    parts = dash_parts(text)
    if style.artists and len(parts) > 1:
        return parts[0], " - ".join(parts[1:])
    return None, text


def _opened(text: str) -> str:
    """Return a scene name with blanks: "01-artist-a_title" has two joints."""
    if "_-_" not in text:
        joints = 2 if text[:1].isdecimal() else 1
        text = text.replace("-", " - ", joints)
    return clean(text.replace("_", " "))


def _disc_above(path: str) -> int | None:
    """Return the disc number that the folders of ``path`` tell, innermost first."""
    for folder in reversed(path.split("/")[:-1]):
        name = clean(folder)
        match = _DISC_FOLDER.match(name) or _DISC_SUFFIX.fullmatch(name)
        if match:
            return int(match["disc"])
    return None
