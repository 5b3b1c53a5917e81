"""Parses the text of a CUE sheet. Pure; knows nothing about the files it names.

Lenient where ripping programs are sloppy (quotes, unknown commands, the order of
lines). Strict where a wrong guess would cut in the wrong place.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.naming.names import clean
from mopidy_vozduxan.torrent.tags import CUE_FRAMES_PER_S

MOST_TRACKS = 99
#: A week; minutes have four digits.
MOST_FRAMES = 10_000 * 60 * CUE_FRAMES_PER_S
#: Longer than any title: a hostile one must not fill the library.
_LONGEST_TEXT = 1000

_LINE_END = re.compile(r"[\r\n]+")  # splitlines() splits at more
_NUMBER = re.compile(r"[0-9]{1,4}")
_TIME = re.compile(r"([0-9]{1,4}):([0-5]?[0-9]):([0-9]{1,2})")
_DATE = re.compile(r"(?<![0-9])([12][0-9]{3})(?:-(0[1-9]|1[0-2])(?:-([0-3][0-9]))?)?")


@dataclass(slots=True)
class SheetTrack:
    """A track: its number and texts. ``start`` is its INDEX 01 in CUE frames."""

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
    if any(track.is_audio and track.start is None for track in sheet.tracks):
        raise BadInput("The CUE sheet does not say where one of its tracks begins.")
    for file in sheet.files:
        check_order(file.tracks)
    return sheet


def check_order(tracks: list[SheetTrack]) -> None:
    """Raise :class:`BadInput` if a file's tracks are not in order."""
    places = [(track.start or 0, track.number) for track in tracks]
    for before, after in itertools.pairwise(places):
        if before[0] >= after[0] or before[1] >= after[1]:
            raise BadInput("The tracks of the CUE sheet are not in order.")


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
    if len(sheet.files) >= MOST_TRACKS:
        raise BadInput(f"A CUE sheet may name at most {MOST_TRACKS} files.")
    sheet.files.append(SheetFile(name))


def _take_track(sheet: Sheet, _command: str, rest: str) -> None:
    number, kind = _first_word(rest)
    if not _NUMBER.fullmatch(number) or not 1 <= int(number) <= MOST_TRACKS:
        raise BadInput(f"A CUE sheet has no track number {number[:20]!r}.")
    if len(sheet.tracks) >= MOST_TRACKS:
        raise BadInput(f"A CUE sheet may have at most {MOST_TRACKS} tracks.")
    sheet.tracks.append(SheetTrack(int(number), kind.upper() in ("", "AUDIO")))


def _take_index(sheet: Sheet, _command: str, rest: str) -> None:
    number, time = _first_word(rest)
    if not _NUMBER.fullmatch(number) or int(number) != 1:
        return  # 00 is the pregap, which belongs to the previous track
    if not sheet.tracks or not sheet.files or sheet.tracks[-1].start is not None:
        raise BadInput("The CUE sheet has an index that belongs to no track.")
    sheet.tracks[-1].start = _frames(time)
    sheet.files[-1].tracks.append(sheet.tracks[-1])


def _frames(time: str) -> int:
    found = _TIME.fullmatch(time)
    if not found or int(found[3]) >= CUE_FRAMES_PER_S:
        raise BadInput(f"The CUE sheet counts time as mm:ss:ff, not {time[:20]!r}.")
    minutes, seconds, frames = map(int, found.groups())
    return (minutes * 60 + seconds) * CUE_FRAMES_PER_S + frames


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
