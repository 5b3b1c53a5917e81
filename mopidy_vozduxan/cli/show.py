"""Tables, sizes and names for a terminal. Text in, text out."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

#: The columns that a name gets in the narrowest terminal.
_LEAST_NAME = 16
_UNITS = ("B", "kB", "MB", "GB", "TB")


def size(count: object) -> str:
    """Return a readable number of bytes, in powers of ten; ``-`` for none."""
    if not isinstance(count, int | float):
        return "-"
    amount, unit = float(count), 0
    while amount >= 999.5 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    digits = 1 if unit and amount < 99.95 else 0
    return f"{amount:.{digits}f} {_UNITS[unit]}"


def share(part: int, whole: int | None) -> str:
    """Return how much of the whole a part is, in percent; 100 % means all of it."""
    if not whole:
        return "-" if whole is None else "100 %"
    return f"{part * 100 // whole} %"


def plain(text: object) -> str:
    """Return a name without characters that could control the terminal."""
    return "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for char in str(text)
    )


def table(
    rows: Sequence[Sequence[str]],
    numbers: Sequence[int] = (),
    room: int | None = None,
) -> str:
    """Return rows in columns; those in ``numbers`` are right-aligned.

    The first column is shortened to fit a terminal of ``room`` characters.
    """
    if room is not None:
        rows = _fitted(rows, room)
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            _pad(cell, width, right=place in numbers)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
    return "\n".join(lines)


def _fitted(rows: Sequence[Sequence[str]], room: int) -> list[Sequence[str]]:
    """Return the rows with their first cells shortened to leave room for the rest."""
    rest = [max(map(_width, column)) + 2 for column in zip(*rows, strict=True)][1:]
    most = max(_LEAST_NAME, room - sum(rest))
    return [(_cut(first, most), *others) for first, *others in rows]


def _cut(cell: str, most: int) -> str:
    if _width(cell) <= most:
        return cell
    while _width(cell) >= most:
        cell = cell[:-1]
    return f"{cell}…"


def _pad(cell: str, width: int, *, right: bool) -> str:
    room = " " * (width - _width(cell))
    return room + cell if right else cell + room


def _width(text: str) -> int:
    """Return how many columns a text takes in a terminal."""
    return sum(
        0
        if unicodedata.combining(char)
        else 2
        if unicodedata.east_asian_width(char) in "WF"
        else 1
        for char in text
    )
