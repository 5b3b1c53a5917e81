"""Rates as people write them: ``500 kB/s``, ``2 Mbit/s``. Pure."""

from __future__ import annotations

import re

#: Bytes/s of each unit; the letter case of a unit counts in ``b`` and ``B`` only.
_PREFIXES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_BINARY = {"ki": 2**10, "mi": 2**20, "gi": 2**30}
_RATE = re.compile(
    r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*"
    r"(?P<prefix>[kKmMgG]?i?)(?P<unit>B|bit|b)(?P<per>/s|ps)?"
)
#: Less would keep peers from ever finishing a request.
LEAST = 1000
MOST = 2_000_000_000
_EXAMPLES = "such as 500 kB/s or 2 Mbit/s, or 0 for none"


def rate_of(text: str) -> int:
    """Return the bytes/s that a text means; 0 is no limit. Raises ValueError."""
    text = text.strip()
    if re.fullmatch(r"0+(\.0+)?", text):
        return 0
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(f"must be a rate with its unit, {_EXAMPLES}, not {text!r}")
    if match["unit"] == "b" and match["per"] != "ps":
        raise ValueError(f"must say B for bytes or bit for bits, not {text!r}")
    prefix = match["prefix"].lower()
    factor = {**_PREFIXES, **_BINARY}.get(prefix)
    if factor is None:
        raise ValueError(f"must be a rate with its unit, {_EXAMPLES}, not {text!r}")
    exact = float(match["number"]) * factor / (1 if match["unit"] == "B" else 8)
    if exact and not LEAST <= exact <= MOST:
        raise ValueError(f"must be 0, or from 1 kB/s to 2 GB/s, not {text!r}")
    return round(exact)


def text_of(rate: int) -> str:
    """Return a text that means that rate: the largest unit that needs no fraction."""
    for unit, factor in (("GB/s", 10**9), ("MB/s", 10**6), ("kB/s", 10**3)):
        if rate and rate % factor == 0:
            return f"{rate // factor} {unit}"
    return f"{rate} B/s" if rate else "0"
