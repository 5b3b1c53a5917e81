"""What full-text search compares: words, without case and without accents.

Chinese and Japanese put no blanks between words, so each of their characters
is a word, and what is sought stands as a phrase: any part of a name is found.
"""

from __future__ import annotations

import re
import unicodedata

# Kana, ideographs with their extensions, and the compatibility ones.
_ALONE = re.compile(
    "([\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff])"
)

#: Letters that nobody without them on the keyboard types; Unicode takes them for
#: letters of their own, and not for plain ones with an accent.
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
    """Return ``text`` as it is indexed and sought.

    Both go this way, so a change here needs a step that fills the index anew.
    """
    if text.isascii():
        return text.lower()
    # Mathematical and full-width letters have a case only once they are plain.
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = unicodedata.normalize("NFKD", plain)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = plain.translate(_PLAIN)
    return _ALONE.sub(r" \1 ", plain)


def phrases(text: str, *, exact: bool) -> list[str]:
    """Return what FTS5 shall match: one phrase, or each word, the last as a prefix.

    Empty where ``text`` has neither letters nor digits.
    """
    parts = [text] if exact else text.split()
    sought = [words(part).translate(_ENDS) for part in parts]
    quoted = [f'"{part}"' for part in sought if any(c.isalnum() for c in part)]
    if quoted and not exact:
        quoted[-1] += "*"
    return quoted
