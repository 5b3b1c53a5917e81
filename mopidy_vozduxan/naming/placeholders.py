"""Texts that stand for a title, an artist or an album that nobody knew: pure."""

from __future__ import annotations

import re

from mopidy_vozduxan.naming.track_names import track_name

# What rippers write without a network.
_NOTHING = re.compile(
    r"[<(\[]?unknown(?: (?:artist|album|title))?[>)\]]?|(?:audio ?)?track ?\d*|untitled"
    r"|неизвестный (?:исполнитель|альбом)|дорожка ?\d*|トラック ?\d*|不明なアーティスト"
    r"|未知(?:艺术家|专辑)|titre inconnu|artiste inconnu|unbekannt(?:er)? ?\w*",
    re.IGNORECASE,
)


def is_placeholder(text: str) -> bool:
    """Whether a text says nothing."""
    return bool(_NOTHING.fullmatch(text))


def has_title(path: str) -> bool:
    """Whether the name of an audio file has a title, not only a number."""
    title = track_name(path).title
    return not title.isdecimal() and not is_placeholder(title)
