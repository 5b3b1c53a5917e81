"""The words that full-text search compares, without case and accents.

Chinese and Japanese have no spaces between words. So each of their characters is a
word, and a search for several is a phrase: any part of a name is found.
"""

from __future__ import annotations

import re
import unicodedata

# Kana, ideographs with their extensions, and the compatibility ones.
_ALONE = re.compile(
    "([\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff])"
)

#: Letters that people replace by plain ones if their keyboard lacks them. Unicode does
#: not define them as letters with an accent.
_PLAIN = str.maketrans(
    {
        **dict(zip("øłđðħŧıŋ", "olddhtin", strict=True)),
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)
_ENDS = str.maketrans('"\0', "  ")  # what would end a phrase


def words(text: str) -> str:
    """Return ``text`` in the form for indexing and searching.

    Both use it, so a change here needs a migration that rebuilds the index.
    """
    if text.isascii():
        return text.lower()
    # Mathematical and full-width letters have a case only after normalisation.
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = unicodedata.normalize("NFKD", plain)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = plain.translate(_PLAIN)
    return _ALONE.sub(r" \1 ", plain)


def phrases(text: str, *, exact: bool) -> list[str]:
    """Return what FTS5 should match: one phrase, or each word, the last as a prefix.

    Empty if ``text`` has neither letters nor digits.
    """
    parts = [text] if exact else text.split()
    sought = [words(part).translate(_ENDS) for part in parts]
    quoted = [f'"{part}"' for part in sought if any(c.isalnum() for c in part)]
    if quoted and not exact:
        quoted[-1] += "*"
    return quoted
