"""How improbable a text is, in bits, in one of the old encodings: pure.

Bytes read with the right table are cheap: common letters, words of one script,
initial capitals. With a wrong table they become rare letters next to odd ones.
The cheapest reading wins if it wins by a margin. A character below 128 costs the
same in all tables. The figures are rough; the margin makes up for that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

_WRITTEN = re.compile(
    r"[\u00a1-\u017f\u1e00-\u1eff\u0386-\u03ce\u0400-\u045f\u05d0-\u05ea\u0621-\u064a"
    r"\u0e01-\u0e5b\u2010-\u203a\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff9f]"
)

Cost = Callable[[str], float]

_ASCII = 5.0
_RARE = 16.0
_UNWRITTEN = 25.0
_CONTROL = 20.0  # nobody types C1 controls
_MARK = 9.0
_MARKS = frozenset("«»„“”‘’–—…№©®™°·")
_MIXED_WORD = 8.0  # "Motцrhead"
_AGAIN = 2.0  # "Nãããão"
_ODD_CAPITAL = 7.0  # "кИНО"
_AFTER_FINAL = 8.0  # Greek, Hebrew and Arabic letters that end a word
_FINALS = frozenset("ςךםןףץةى")
_SMALL_START = 3.0  # "кино": names begin with a capital

# Letters in falling order of frequency, and the bits of the first and per rank.
_FIRST, _PER_RANK = 3.2, 0.16
_CYRILLIC = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёіїєґўјљњћђџ"
_GREEK = "αοιετσνηυρπκμάλίςόέωδγήύχθφώβξζψϊϋΐΰ"
_HEBREW = "יוהלאמרבתשנדםכחפקעטסצגןזךףץ"
_ARABIC = "اليمنترودسهعبحفكقجةشصىخأطضذزثإغظءئآؤ"

_LATIN = [
    ("éáíóöäüñçãêèàåðþ", 6.0),
    ("øæôúâîïëûßýõòìùœ", 8.0),
    ("ÉÁÍÓÖÄÜÅØÆÞÚÇÀÊ’“”–—…", 8.0),
    ("ÑÃÈÔÂÐÎÏËÛÝÕÒÌÙŒšžŠŽÿ¿¡«»´·°‘™©®ºµ²³½£¹", 11.0),
]
# Polish in cp1250. Where both readings have a letter, the Western one is cheaper: only
# letters that would be signs inside words prove anything.
_POLISH = [
    ("ąłż", 5.0),
    ("ęćńó", 8.0),
    ("śźŁŻŚ", 9.0),
    ("ĄĘĆŃÓŹ", 11.0),
]
_INNER_SIGN = 5.0  # "³" within a word, or at its start
_SIGNS = frozenset("¹³¿£¯Ÿ\x8f\x9f")
_NEVER_AFTER_OE = frozenset("bcdghklmnpvwzæñ³")  # in French it is "cœur", "œil"
_LATIN_PAIR = 4.0  # "ää" is rare, and no word consists of it

_KANA = 6.0
_COMMON_HAN = 11.9  # one of 3755
_RARE_HAN = 17.0
_WIDE_BESIDE_ASCII = 6.0
_WIDE_MARKS = frozenset("、。「」『』【】・～（）〜！？：，")
# The characters that titles use most: a third of all characters in them.
_HAN = (
    "的一不我爱愛你心天人月情风風花夜無无大年生在了有是的中国國歌春雨光水日海"
    "音乐樂小红紅上下山白来來东東黄黃梦夢星空"
)
_HANGUL = (
    "이다는에의가을로고하지사리한나은기도어아자라인시수대그해서일마보너내사랑날노래"
)


def latin(text: str) -> float:
    """Return the cost of Western text, including its ASCII letters."""
    prices = _latin_prices()
    cost, before = 0.0, " "
    for char in text:
        if char < "\x80":
            cost += _ASCII
        elif char == before:
            cost += _AGAIN
        else:
            cost += prices.get(char, _unknown(char))
            if before > "\x7f" and char.isalpha() and before.isalpha():
                cost += _LATIN_PAIR
        if before.islower() and char.isupper():
            cost += _ODD_CAPITAL
        if (before in _SIGNS and char.islower()) or (
            before in "œŒ\x8c\x9c" and char in _NEVER_AFTER_OE
        ):
            cost += _INNER_SIGN
        before = char
    return cost


def polish(text: str) -> float:
    """Return the cost of Polish text, including its ASCII letters."""
    prices = _polish_prices()
    cost, before = 0.0, " "
    for char in text:
        cost += _ASCII if char < "\x80" else prices.get(char, _unknown(char))
        inside = before.isalnum() and char.isalnum()
        mixed = before.isalpha() != char.isalpha()  # "£5" is no "Ł5"
        if inside and (mixed or (before.islower() and char.isupper())):
            cost += _ODD_CAPITAL
        before = char
    return cost


def modern(text: str) -> float:
    """Return the cost of text that may hold any character of Unicode."""
    prices = _latin_prices()
    return sum(
        _ASCII if char < "\x80" else prices.get(char, _anywhere(char)) for char in text
    )


def alphabet(letters: str) -> Cost:
    """Return the cost of text in a language written with ``letters`` and ASCII."""
    prices = {c: _FIRST + _PER_RANK * rank for rank, c in enumerate(letters)}

    def cost(text: str) -> float:
        bits, before = 0.0, "\n"
        for char in text:
            again = char == before and char > "\x7f"
            bits += _AGAIN if again else _letter(char, prices) + _company(before, char)
            before = char
        return bits

    return cost


def ideographs(codec: str, leads: Iterable[int], common: str, kana: float) -> Cost:
    """Return the cost of East Asian text; ``leads`` begin its usual characters."""

    @cache
    def usual() -> frozenset[str]:
        rows = (bytes((a, b)) for a in leads for b in range(0x40, 0xFF))
        return frozenset(row.decode(codec, "ignore")[:1] for row in rows)

    def cost(text: str) -> float:
        bits, before = 0.0, " "
        for char in text:
            bits += _wide(char, usual(), common, kana) + _beside_ascii(before, char)
            before = char
        return bits

    return cost


def _letter(char: str, prices: dict[str, float]) -> float:
    if char < "\x80":
        return _ASCII
    small = char.lower()
    if small in prices:
        return prices[small]
    return _MARK if char in _MARKS else _unknown(char)


def _company(before: str, char: str) -> float:
    """Return the cost of ``char`` after ``before``."""
    if not char.isalpha():
        return 0.0
    if not before.isalpha():
        small_start = before == "\n" and char.islower()
        return _SMALL_START if small_start else float(char.isupper())
    if (char < "\x80") != (before < "\x80"):
        return _MIXED_WORD
    if before in _FINALS:
        return _AFTER_FINAL
    return _ODD_CAPITAL if before.islower() and char.isupper() else 0.0


def _wide(char: str, usual: frozenset[str], common: str, kana: float) -> float:
    if char < "\x80":
        return _ASCII
    if "ぁ" <= char <= "ヾ":
        return kana
    if char in common:
        return 7.5
    if char in usual:
        return _COMMON_HAN
    if char in _WIDE_MARKS or "！" <= char <= "～":
        return _MARK
    if "｡" <= char <= "ﾟ":  # half-width kana
        return kana + 3
    return _RARE_HAN if char.isalpha() else _RARE_HAN + 3


def _beside_ascii(before: str, char: str) -> float:
    """Return the cost of two neighbouring letters of which only one is ASCII."""
    odd = (before < "\x80") != (char < "\x80")
    return _WIDE_BESIDE_ASCII if odd and before.isalpha() and char.isalpha() else 0.0


def _unknown(char: str) -> float:
    return _CONTROL if char < "\xa0" else _RARE


def _anywhere(char: str) -> float:
    # Not every block is cheap: "FÉŽE" would be "FɎE", with a letter nobody writes.
    return _COMMON_HAN if _WRITTEN.fullmatch(char) else _UNWRITTEN


@cache
def _latin_prices() -> dict[str, float]:
    return {char: price for chars, price in _LATIN for char in chars}


@cache
def _polish_prices() -> dict[str, float]:
    return {char: price for chars, price in _POLISH for char in chars}


class Reading(NamedTuple):
    """One way to read bytes; ``prior`` is the cost of the encoding itself."""

    cost: Cost
    prior: float


READINGS = {
    "cp1252": Reading(latin, 0.0),
    "cp1251": Reading(alphabet(_CYRILLIC), 3.0),
    "koi8-r": Reading(alphabet(_CYRILLIC), 6.0),
    "cp1250": Reading(polish, 3.0),
    "cp1253": Reading(alphabet(_GREEK), 9.0),
    "cp1255": Reading(alphabet(_HEBREW), 9.0),
    "cp1256": Reading(alphabet(_ARABIC), 9.0),
    "cp932": Reading(ideographs("cp932", range(0x88, 0x98), _HAN, _KANA), 3.0),
    "euc_jp": Reading(ideographs("euc_jp", range(0xB0, 0xD0), _HAN, _KANA), 6.0),
    "gbk": Reading(ideographs("gb2312", range(0xB0, 0xD8), _HAN, 13.0), 4.0),
    "cp950": Reading(ideographs("big5", range(0xA4, 0xC7), _HAN, 13.0), 5.0),
    "cp949": Reading(ideographs("euc_kr", range(0xB0, 0xC9), _HANGUL, 13.0), 5.0),
}
