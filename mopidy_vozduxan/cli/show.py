"""What a terminal shows: tables, sizes, names. Pure text in, pure text out."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_UNITS = ("B", "kB", "MB", "GB", "TB")


def size(count: object) -> str:
    """Return a number of bytes for people, in powers of ten; ``-`` for none."""
    if not isinstance(count, int | float):
        return "-"
    amount, unit = float(count), 0
    while amount >= 999.5 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    digits = 1 if unit and amount < 99.95 else 0
    return f"{amount:.{digits}f} {_UNITS[unit]}"


def plain(text: object) -> str:
    """Return a name without what could steer the terminal."""
    return "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for char in str(text)
    )


def table(rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """Return rows in columns, those in ``numbers`` to the right."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            _pad(cell, width, right=place in numbers)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
    return "\n".join(lines)


def _pad(cell: str, width: int, *, right: bool) -> str:
    room = " " * (width - _width(cell))
    return room + cell if right else cell + room


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(
        0
        if unicodedata.combining(char)
        else 2
        if unicodedata.east_asian_width(char) in "WF"
        else 1
        for char in text
    )
