"""Parses the text of a CUE sheet. Pure; knows nothing about the files it names.

A sheet is used as far as it is sound: ripping programs and people are sloppy with
quotes, commands, the order of lines, times and numbers. A track of which it is
uncertain where it begins is left out, and the sound belongs to the track before it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.naming.names import clean
from mopidy_vozduxan.torrent.tags import CUE_FRAMES_PER_S

#: A CD has 99; other recordings have more.
MOST_TRACKS = 999
#: A week; minutes have four digits.
MOST_FRAMES = 10_000 * 60 * CUE_FRAMES_PER_S
#: Longer than any title: a hostile one must not fill the library.
_LONGEST_TEXT = 1000

_LINE_END = re.compile(r"[\r\n]+")  # splitlines() splits at more
_NUMBER = re.compile(r"[0-9]{1,4}")
# mm:ss:ff, or without the frames, or with hours.
_TIME = re.compile(
    r"(?:(?P<hours>[0-9]{1,3}):(?=(?:[0-9]+:){2}))?(?P<minutes>[0-9]{1,4})"
    r":(?P<seconds>[0-9]{1,2})(?::(?P<frames>[0-9]{1,2}))?(?![0-9:])"
)
_DATE = re.compile(r"(?<![0-9])([12][0-9]{3})(?:-(0[1-9]|1[0-2])(?:-([0-3][0-9]))?)?")


@dataclass(slots=True)
class SheetTrack:
    """A track: its number and texts. ``start`` is its INDEX 01 in CUE frames.

    The number is 0 if the sheet has none that makes sense.
    """

    number: int
    is_audio: bool
    words: dict[str, str] = field(default_factory=dict)
    start: int | None = None


@dataclass(slots=True)
class SheetFile:
    """A file by its name in the sheet, and the tracks that start in it."""

    name: str
    tracks: list[SheetTrack] = field(default_factory=list)


@dataclass(slots=True)
class Sheet:
    """The whole sheet; ``words`` are the album's texts, by command."""

    words: dict[str, str] = field(default_factory=dict)
    files: list[SheetFile] = field(default_factory=list)
    tracks: list[SheetTrack] = field(default_factory=list)

    @property
    def date(self) -> str | None:
        """The date as ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``."""
        found = _DATE.search(self.words.get("DATE", ""))
        return "-".join(filter(None, found.groups())) if found else None

    @property
    def disc_no(self) -> int | None:
        """The disc's number in its set."""
        found = _NUMBER.match(self.words.get("DISCNUMBER", ""))
        return int(found[0]) or None if found else None


def parse(text: str) -> Sheet:
    """Return the sheet. Raises :class:`BadInput` if the text is not one."""
    sheet = Sheet()
    for line in _LINE_END.split(text):
        command, rest = _first_word(line)
        take = _COMMANDS.get(command.upper())
        if take:
            take(sheet, command.upper(), rest)
    if not sheet.tracks or not sheet.files:
        raise BadInput("This is not a CUE sheet: it names no file or no track.")
    for file in sheet.files:
        file.tracks = in_order(file.tracks)
    return sheet


def in_order(tracks: Sequence[SheetTrack]) -> list[SheetTrack]:
    """Return most of a file's tracks, without those that begin at a wrong time.

    As few as possible are left out so that each begins after the one before it.
    """
    ends: list[int] = []  # where the shortest rows of each length end
    lengths = []
    for track in tracks:
        place = bisect_left(ends, track.start or 0)
        ends[place : place + 1] = [track.start or 0]
        lengths.append(place + 1)
    wanted, found = len(ends), list[SheetTrack]()
    for track, length in zip(reversed(tracks), reversed(lengths), strict=True):
        begins_before = not found or (track.start or 0) < (found[-1].start or 0)
        if length == wanted and begins_before:
            found.append(track)
            wanted -= 1
    return found[::-1]


def _take_words(sheet: Sheet, command: str, rest: str) -> None:
    owner = sheet.tracks[-1].words if sheet.tracks else sheet.words
    words = clean(_unquoted(rest))[:_LONGEST_TEXT]
    if words:
        owner.setdefault(command, words)


def _take_remark(sheet: Sheet, _command: str, rest: str) -> None:
    name, words = _first_word(rest)
    if name.upper() in _REMARKS:
        _take_words(sheet, name.upper(), words)


def _take_file(sheet: Sheet, _command: str, rest: str) -> None:
    name = _unquoted(rest)
    if name == rest:  # no quotes: the last word is the type of the file
        name = rest.rpartition(" ")[0].rstrip() or rest
    if sheet.files and sheet.files[-1].name == name:
        return  # some sheets repeat it before each track
    if len(sheet.files) < MOST_TRACKS:
        sheet.files.append(SheetFile(name))


def _take_track(sheet: Sheet, _command: str, rest: str) -> None:
    number, kind = _first_word(rest)
    known = int(number) if _NUMBER.fullmatch(number) else 0
    is_audio = _first_word(kind)[0].upper() in ("", "AUDIO")
    sheet.tracks.append(SheetTrack(known if known <= MOST_TRACKS else 0, is_audio))


def _take_index(sheet: Sheet, _command: str, rest: str) -> None:
    number, time = _first_word(rest)
    if not _NUMBER.fullmatch(number) or int(number) != 1:
        return  # 00 is the pregap, which belongs to the previous track
    start = _frames(time)
    full = len(sheet.tracks) > MOST_TRACKS
    if not sheet.tracks or not sheet.files or start is None or full:
        return
    track = sheet.tracks[-1]
    if track.start is None:
        track.start = start
        sheet.files[-1].tracks.append(track)


def _frames(time: str) -> int | None:
    """Return a time in CUE frames; None if it is not one.

    Sixty seconds are a minute, and 75 frames a second, also if they stand alone.
    """
    found = _TIME.match(time)
    if not found:
        return None
    hours, minutes, seconds, frames = (int(part or 0) for part in found.groups())
    whole = (hours * 60 + minutes) * 60 + seconds
    return min(whole * CUE_FRAMES_PER_S + frames, MOST_FRAMES)


def _first_word(text: str) -> tuple[str, str]:
    first, *rest = text.split(None, 1) or [""]
    return first, rest[0].rstrip() if rest else ""


def _unquoted(text: str) -> str:
    """Return the text between the first and the last quote, if it starts with one."""
    if not text.startswith('"'):
        return text
    inner, quote, _ = text[1:].rpartition('"')
    return inner if quote else text[1:]


_REMARKS = frozenset(("DATE", "GENRE", "DISCNUMBER", "COMPOSER", "COMMENT"))
_COMMANDS: dict[str, Callable[[Sheet, str, str], None]] = {
    "FILE": _take_file,
    "TRACK": _take_track,
    "INDEX": _take_index,
    "REM": _take_remark,
    **dict.fromkeys(
        ("TITLE", "PERFORMER", "SONGWRITER", "CATALOG", "ISRC"), _take_words
    ),
}
