"""Text of unknown encoding, made readable if it is certain what it says: pure.

Old tags, torrents, playlists and CUE sheets hold bytes of a Windows or Unix code
page, and do not say which. Uncertain text is read as Western. Text that is right
already is never changed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

from mopidy_vozduxan.naming.encoding_costs import READINGS, latin, modern

#: Bits by which a reading must beat the next one, and the Western one.
_CERTAIN = 8.0
_CERTAIN_FOREIGN = 10.0
#: Less for UTF-8: bytes are rarely UTF-8 by accident.
_CERTAIN_UTF8 = 5.0
_WESTERN = "cp1252"
#: This much text is enough to tell its encoding (30 ms).
_SAMPLE_BYTES = 4096
#: Above this many names, none is looked at alone (0.1 s).
_ONE_BY_ONE = 2000

_MARKED = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
# Codecs for text, by Python's names. A Western one may be any tool's default, and
# proves nothing.
_CLAIMABLE = re.compile(
    r"cp(?:125[013-8]|437|85\d|86\d|87\d|9\d\d)|iso8859-(?:[2-9]|1[0-6])|koi8-[rtu]"
    r"|mac-\w+|shift_jis\w*|euc_\w+|gb\w+|big5\w*|johab"
)


def decoded(data: bytes, hint: str | None = None) -> str:
    """Return the text of the bytes of a file or a name.

    ``hint`` is the encoding that somebody claims. Never fails: bytes that cannot
    be read become U+FFFD.
    """
    return decoded_together([data], hint)[0]


def decoded_together(names: Sequence[bytes], hint: str | None = None) -> list[str]:
    """Return the texts of several names of one source.

    They have one encoding, and together they show it more surely.
    """
    evident = [_evident(name) for name in names]
    left = [n for n, text in zip(names, evident, strict=True) if text is None]
    codec = _foreign(left) or _claimed(left, hint)
    if codec is None and len(left) > _ONE_BY_ONE:
        codec = _WESTERN
    return [
        _likelier(name, codec or _foreign([name]) or _WESTERN) if text is None else text
        for name, text in zip(names, evident, strict=True)
    ]


def repaired(text: str) -> str:
    """Return the text as it was meant, if it was certainly decoded wrongly.

    "Êèíî" (cp1251 read as Latin-1) is "Кино", "BjÃ¶rk" is "Björk".
    """
    return repaired_together([text])[0]


def repaired_together(texts: Sequence[str]) -> list[str]:
    """Return several texts of one source (an album's tags) as they were meant."""
    texts = [text if text.isascii() else _utf8_misread(text) for text in texts]
    raw = [None if text.isascii() else _misread_bytes(text) for text in texts]
    codec = _foreign([data for data in raw if data])
    return [
        text if data is None else _as_meant(text, data, codec or _foreign([data]))
        for text, data in zip(texts, raw, strict=True)
    ]


def _as_meant(text: str, data: bytes, codec: str | None) -> str:
    return _likelier(data, codec) if codec else text


def _foreign(names: Sequence[bytes]) -> str | None:
    """Return the encoding that all names certainly have, if it is not Western."""
    codec = _certain_encoding(names)
    return None if codec == _WESTERN else codec


def _evident(data: bytes) -> str | None:
    """Return the text of bytes that declare their own encoding."""
    for mark, codec in _MARKED:
        if data.startswith(mark) and (text := _strict(data, codec)):
            return text
    return _strict(data, "utf-8")


def _certain_encoding(names: Sequence[bytes]) -> str | None:
    lines = dict.fromkeys(line for name in names for line in name.splitlines())
    sample = b"\n".join(line for line in lines if not line.isascii())
    if not sample:
        return None
    costs = _costs(sample)
    best, second = sorted(costs, key=costs.__getitem__)[:2]
    sure = costs[second] - costs[best] >= _CERTAIN
    foreign = costs[_WESTERN] - costs[best] >= _CERTAIN_FOREIGN
    return best if sure and (foreign or best == _WESTERN) else None


def _costs(sample: bytes) -> dict[str, float]:
    """Return the cost in bits of every possible reading; there are at least two."""
    texts = {codec: _start(sample, codec) for codec in READINGS}
    return {
        codec: READINGS[codec].prior + READINGS[codec].cost(text)
        for codec, text in texts.items()
        if text is not None
    }


def _start(sample: bytes, codec: str) -> str | None:
    """Return the beginning of a text, or None if it is not in that encoding."""
    if codec == _WESTERN:
        return sample[:_SAMPLE_BYTES].decode(_WESTERN, "replace")
    try:
        final = len(sample) <= _SAMPLE_BYTES  # else half a character may be left
        reader = codecs.getincrementaldecoder(codec)()
        return reader.decode(sample[:_SAMPLE_BYTES], final)
    except UnicodeDecodeError:
        return None


def _claimed(names: Sequence[bytes], hint: str | None) -> str | None:
    """Return the claimed codec, or None if the bytes contradict it."""
    try:
        codec = codecs.lookup(hint or "").name
    except (LookupError, ValueError):
        return None
    known = _CLAIMABLE.fullmatch(codec)
    return (
        codec if known and all(_strict(n, codec) is not None for n in names) else None
    )


def _likelier(data: bytes, codec: str) -> str:
    """Return the text in ``codec``, or as Western if that is likelier."""
    western, text = data.decode(_WESTERN, "replace"), _strict(data, codec)
    if text is None or codec == _WESTERN:
        return western
    if codec not in READINGS:
        return text
    return text if READINGS[codec].cost(text) < latin(western) else western


def _utf8_misread(text: str) -> str:
    """Return the text that was UTF-8 before somebody read it as a code page."""
    for raw in (_misread_bytes(text), _encoded(text, "cp1251")):
        meant = _strict(raw, "utf-8") if raw else None
        if meant and latin(text) - modern(meant) >= _CERTAIN_UTF8:
            return meant
    return text


def _misread_bytes(text: str) -> bytes | None:
    """Return the bytes that were read as Latin-1 or cp1252."""
    parts = [
        c.encode("latin-1") if c < "\u0100" else _encoded(c, _WESTERN) for c in text
    ]
    return None if None in parts else b"".join(part for part in parts if part)


def _encoded(text: str, codec: str) -> bytes | None:
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return None


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None
