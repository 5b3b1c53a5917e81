"""What a file's name says about a track, given its neighbours: pure.

A name that fits no pattern is its own title. Only its neighbours show whether
"12 Monkeys" is track 12 or a title, so the :class:`Style` of a folder's files is
read first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mopidy_vozduxan.audio.formats import stem
from mopidy_vozduxan.naming.four_digits import FourDigits, four_digits, split
from mopidy_vozduxan.naming.names import (
    clean,
    dash_parts,
    disc_above,
    disc_number,
    spaced,
    without_sites,
)


@dataclass(frozen=True, slots=True)
class Style:
    """How a folder's files are named.

    ``numbered``: a number before a space is a track number. ``artists``: the part
    before the first dash is an artist. ``scene``: no spaces at all,
    ``01-artist-some_title``. ``hundreds``: 203 is track 3 of disc 2. ``four``: the
    meaning of the four digits that all names begin with. ``sides``: the sides of a
    record, each with the number of tracks before it. ``album`` and ``group`` are in
    every name, as its second part and at its end. ``head``: all names begin with it
    and end in a number.
    """

    numbered: bool = False
    artists: bool = True
    scene: bool = False
    hundreds: bool = False
    four: FourDigits | None = None
    sides: tuple[tuple[str, int], ...] = ()
    album: str | None = None
    group: str = ""
    head: str | None = None


@dataclass(frozen=True, slots=True)
class TrackName:
    """What a file's name says."""

    title: str
    artist: str | None = None
    track_no: int | None = None
    disc_no: int | None = None


_AFTER = r"(?:\s*[-–—.:)\]]+\s*|\s+)(?=\S)"
# "1-02 Title", "CD1-02 Title", "d1t02. Title"; "10.15 Saturday Night" is none.
_DISC_AND_TRACK = re.compile(
    r"(?:(?:cd|dis[ck]|disque|диск|ディスク|d)\s?(?P<word>\d{1,2})"
    r"\s?(?:-\s?|\.|t(?:rack)?|\s)\s?"
    rf"|(?P<dash>\d{{1,2}})-|(?P<dot>[1-9])\.)(?P<track>\d\d){_AFTER}",
    re.IGNORECASE,
)
_TRACK = re.compile(
    r"(?:[\[(#№【（]|track\s?|трек\s?)?(?P<track>\d{1,3})"
    r"(?:\s?(?:of|из|von)\s?\d{1,3})?(?P<after>\.(?!\.)\s*(?:[-–—]\s*)?|[．、]\s*|\s*[-–—:]\s*|[)\]】）][.\s-]*|\s+"
    r"|(?=\.\.))(?=\S)",
    re.IGNORECASE,
)
_SIDE = re.compile(
    r"[\[(]?(?P<side>[a-h])(?P<track>\d{1,2})(?:[\])]?[-–—.\s]*)(?=\S)", re.IGNORECASE
)
# Alone, this is not an artist's name but a year, or some number.
_FOUR_DIGITS = re.compile(r"\d{4}")
# "Artist - Album - 03 - Title" falls apart at the dashes, this at its number.
_INNER_TRACK = re.compile(r"(?:(?P<dot>\d{1,3})\.|(?P<blank>0\d{1,2}))\s+(?=\S)")
_AT_END = re.compile(r"(?P<head>.*\D)(?P<track>\d{1,3})")
# These stay in the title: without them nothing is left of "Chapter 3".
_CHAPTER = re.compile(
    r"(?:track|chapter|chap\.|part|teil|kapitel|chapitre|partie|cap[ií]tulo"
    r"|parte|capitolo|rozdział|глава|часть|трек|дорожка|トラック|פרק|κεφάλαιο)"
    r"[ ._№-]*(\d{1,3})\b"
    r"|第\s?(\d{1,3})\s?[話话章回集曲部]",
    re.IGNORECASE,
)
# "Symphony No. 5 - I. Allegro": a work and its movement, no artist.
_MOVEMENT = re.compile(r"[IVX]{1,5}[.:)]\s|(?:No|Nr|Act|Scene)\.?\s\d", re.ASCII)
_VERSION = re.compile(
    r"(?:(?:19|20)\d\d )?(?:re-?master(?:ed)?|live|demo|acoustic|instrumental|mono"
    r"|stereo|bonus track|radio edit|single|album|original mix|extended mix)"
    r"(?: version)?(?: (?:19|20)\d\d)?",
    re.IGNORECASE,
)
# Concerts: "gd1977-05-08d1t03".
_SHOW = re.compile(r".*\d[ ._-]?d(?P<disc>\d)[ ._-]?t(?P<track>\d\d)", re.IGNORECASE)
_QUOTED = re.compile(r"「([^「」]+)」|『([^『』]+)』")
_SCENE_GROUP = re.compile(r".*(-[a-z0-9]{2,12})", re.IGNORECASE | re.ASCII)


def style_of(paths: Sequence[str]) -> Style:
    """Return how the files of one folder are named."""
    stems = [clean(stem(path)) for path in paths]
    scene = any("_" in s for s in stems) and not any(" " in s for s in stems)
    if len(stems) < 2:
        years = any(_FOUR_DIGITS.fullmatch(p) for s in stems for p in dash_parts(s)[:1])
        return Style(artists=not years, scene=scene)
    numbers = sum(bool(_DISC_AND_TRACK.match(s) or _TRACK.match(s)) for s in stems)
    numbers += _count_bare(stems)
    style = Style(
        numbered=numbers * 3 > len(stems) * 2,
        scene=scene,
        hundreds=_are_hundreds(stems),
        four=four_digits(stems, disc_above(paths[0])),
        sides=_sides(stems),
        group=_group(stems) if scene else "",
        head=_head(stems),
    )
    return _with_artists(style, paths)


def track_name(path: str, style: Style | None = None) -> TrackName:
    """Return what the path of an audio file says about its track."""
    style = style or style_of([path])
    whole = clean(stem(path))
    text = _text(whole, style)
    disc_no, track_no, rest = _numbers(text, style)
    if track_no is None and style.artists and (found := _inner(text)):
        artist, track_no, title = found
        return TrackName(title, artist, track_no, disc_above(path))
    singer, title = _artist_and_title(rest, style)
    if track_no is None and (chapter := _CHAPTER.match(rest)):
        track_no = int(chapter[1] or chapter[2])
    return TrackName(
        title or whole or "?", singer, track_no or None, disc_no or disc_above(path)
    )


def _with_artists(style: Style, paths: Sequence[str]) -> Style:
    """Return the style, with the meaning of parts that only all names show."""
    names = [track_name(path, style) for path in paths]
    # "Polly - Live", "Lake of Fire - Live": a part that never changes is no title.
    titles = {name.title for name in names}
    artists = {name.artist for name in names}
    # "1979 - Song", "1980 - Song": the years of a collection.
    years = len(artists) > 1 and all(map(_FOUR_DIGITS.fullmatch, filter(None, artists)))
    if None in artists or len(titles) == 1 or years:
        return replace(style, artists=False)
    albums = {tuple(dash_parts(title)[:-1][:1]) for title in titles}
    return replace(style, album="".join(albums.pop()) if len(albums) == 1 else None)


def _text(whole: str, style: Style) -> str:
    text = without_sites(whole.removesuffix(style.group))
    return _opened(text) if style.scene else spaced(text)


def _numbers(text: str, style: Style) -> tuple[int | None, int | None, str]:
    """Return the disc number, the track number, and the text after them."""
    if style.four and (found := split(text, style.four)):
        return found
    if style.sides and (match := _SIDE.match(text)):
        before = dict(style.sides)[match["side"].upper()]
        return None, before + int(match["track"]), text[match.end() :]
    match = _DISC_AND_TRACK.match(text)
    if match and (match["word"] or match["dot"] or _is_disc(match["dash"], style)):
        disc = match["word"] or match["dash"] or match["dot"]
        return disc_number(disc), int(match["track"]), text[match.end() :]
    match = _TRACK.match(text)
    if match and _is_number(match, text, style):
        disc_no, track_no = divmod(int(match["track"]), 100 if style.hundreds else 1000)
        return disc_no or None, track_no, text[match.end() :]
    if match := _SHOW.fullmatch(text):
        return int(match["disc"]), int(match["track"]), text
    if style.head is not None and (match := _AT_END.fullmatch(text)):
        return None, int(match["track"]), text
    # A bare "07" keeps its digits as the title as well.
    bare = text.isdecimal() and (_is_padded(text) or style.numbered)
    return None, int(text) if bare and len(text) <= 3 else None, text


def _count_bare(stems: Sequence[str]) -> int:
    """Return how many names are only a track number: "1", "2"; "19", "21" are none."""
    bare = {int(s) for s in stems if s.isdecimal() and len(s) <= 3}
    return len(bare) if bare and max(bare) <= 2 * len(stems) else 0


def _is_padded(number: str) -> bool:
    return unicodedata.decimal(number[0], None) == 0


def _is_disc(number: str, style: Style) -> bool:
    return style.numbered or _is_padded(number) or len(number) == 1


def _is_number(match: re.Match[str], text: str, style: Style) -> bool:
    after = match["after"]
    if text[match.end()].isdecimal() and after.strip() == after:
        return False  # "10.15 Saturday Night", "3-11"
    if style.numbered or _is_padded(match["track"]) or not text[0].isdecimal():
        return style.numbered or text[0] not in "([（" or _is_padded(match["track"])
    # "3. Title", "3.Title", "3 - Title", but neither "4-Ever" nor "99 Problems".
    return after[:1] in (".", "．", "、") or (
        after.strip() in tuple("-–—") and after != after.strip()
    )


def _inner(text: str) -> tuple[str, int, str] | None:
    """Return the artist, number and title of "Artist - [Album -] 03[.| -] Title"."""
    parts = dash_parts(text)
    for place, part in enumerate(parts[1:], start=1):
        number = part.strip("[]()")
        if number.isdecimal() and len(number) <= 3 and place + 1 < len(parts):
            return parts[0], int(number), " - ".join(parts[place + 1 :])
        if match := _INNER_TRACK.match(part):
            title = " - ".join([part[match.end() :], *parts[place + 1 :]])
            return parts[0], int(match["dot"] or match["blank"]), title
    return None


def _artist_and_title(text: str, style: Style) -> tuple[str | None, str]:
    parts = dash_parts(text)
    if quoted := _QUOTED.fullmatch(text):
        return None, quoted[1] or quoted[2]
    if not style.artists or len(parts) < 2 or _is_title(parts):
        return None, text
    known = len(parts) > 2 and parts[1] == style.album
    return parts[0], " - ".join(parts[2 if known else 1 :])


def _is_title(parts: Sequence[str]) -> bool:
    version = len(parts) == 2 and _VERSION.fullmatch(parts[1])
    return bool(_CHAPTER.fullmatch(parts[0]) or _MOVEMENT.match(parts[1]) or version)


def _opened(text: str) -> str:
    """Return a scene name with spaces: "01-artist-a_title" has two joints."""
    if "_-_" not in text:
        joints = 2 if text[:1].isdecimal() or _SIDE.match(text) else 1
        text = text.replace("-", " - ", joints)
    return clean(text.replace("_", " "))


def _are_hundreds(stems: Iterable[str]) -> bool:
    """Whether the files count from 101: disc 1, track 1."""
    matches = [_TRACK.match(s) for s in stems]
    numbers = sorted(int(m["track"]) for m in matches if m and len(m["track"]) == 3)
    first = {number // 100: number % 100 for number in reversed(numbers)}
    return (
        len(numbers) == len(matches)
        and set(first.values()) == {1}
        and min(first) > 0
        and max(number % 100 for number in numbers) < 50  # few CDs have more tracks
    )


def _sides(stems: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Return (side, tracks before) for each side, if all files are of one record."""
    matches = [m for s in stems if (m := _SIDE.match(s))]
    last: dict[str, int] = {}
    for match in sorted(matches, key=lambda m: m["side"].upper()):
        side = match["side"].upper()
        last[side] = max(last.get(side, 0), int(match["track"]))
    if len(matches) < len(stems):
        return ()
    before = [sum(list(last.values())[:place]) for place in range(len(last))]
    return tuple(zip(last, before, strict=True))


def _group(stems: Sequence[str]) -> str:
    """Return the group that released the files: "-abc" at the end of every name."""
    ends = {match[1] if (match := _SCENE_GROUP.fullmatch(s)) else "" for s in stems}
    enough = all(s.count("-") > (1 if s[:1].isdecimal() else 0) for s in stems)
    return ends.pop() if len(ends) == 1 and enough else ""


def _head(stems: Sequence[str]) -> str | None:
    heads = {m["head"] if (m := _AT_END.fullmatch(s)) else None for s in stems}
    return heads.pop() if len(heads) == 1 else None
