"""Four digits before a title: disc and track, a track alone, or a year. Pure.

"1979" may be any of them, or a band's name. Only all the files of a folder together
tell: consecutive numbers without a gap count something; others stay in the name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from enum import Enum, auto

_FOUR = re.compile(r"(\d{4})(?:(?:\s*[-–—.:)\]]+\s*|\s+)(?=\S)|$)", re.ASCII)
#: The centuries that titles are about, or music was recorded in.
_CENTURIES = range(15, 21)


class FourDigits(Enum):
    """What the first four digits of the names in a folder mean."""

    #: 0112 or 1012: track 12 of disc 1 or 10.
    DISC_AND_TRACK = auto()
    #: 0112: track 112.
    TRACK = auto()


def four_digits(names: Sequence[str], disc_no: int | None) -> FourDigits | None:
    """Return what the digits before these titles mean, or None if it is uncertain.

    ``disc_no`` is the disc number in the folder's name.
    """
    matches = [_FOUR.match(name.replace("_", " ")) for name in names]
    numbers = sorted(int(match[1]) for match in matches if match)
    if len(numbers) < max(2, len(names)):
        return None
    if numbers[0] < 2 and _follow(numbers):
        return FourDigits.TRACK
    discs: dict[int, list[int]] = defaultdict(list)
    for number in numbers:
        discs[number // 100].append(number % 100)
    whole = all(tracks[0] == 1 and _follow(tracks) for tracks in discs.values())
    if not whole or not _follow(list(discs)) or 0 in discs:
        return None
    told = 1 in discs or list(discs) == [disc_no]
    years = any(disc in _CENTURIES for disc in discs)
    return FourDigits.DISC_AND_TRACK if told or not years else None


def split(text: str, meaning: FourDigits) -> tuple[int | None, int, str] | None:
    """Return the disc number, track number and title; None if there are no digits.

    If the name is only a number, that is its title as well.
    """
    match = _FOUR.match(text)
    if match is None:
        return None
    number, title = int(match[1]), text[match.end() :] or text
    if meaning is FourDigits.TRACK:
        return None, number, title
    return number // 100, number % 100, title


def _follow(numbers: Sequence[int]) -> bool:
    return list(numbers) == list(range(numbers[0], numbers[0] + len(numbers)))
