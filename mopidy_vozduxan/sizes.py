"""Amounts of data as people write them: ``10GB``, ``500MiB``, ``0``."""

from __future__ import annotations

import re

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*([KMGTP]?)(I?)B?", re.IGNORECASE)
_POWERS = {unit: power for power, unit in enumerate(("", "K", "M", "G", "T", "P"))}


def parse_size(text: str) -> int:
    """Return the bytes that ``text`` names. Raises ValueError with a sentence."""
    match = _SIZE.fullmatch(text.strip())
    if match is None or (match[3] and not match[2]):
        raise ValueError(
            f"{text.strip()!r} is no size; write for example 10GB, 500MiB or 0."
        )
    number, unit, binary = match.groups()
    return int(float(number) * (1024 if binary else 1000) ** _POWERS[unit.upper()])
