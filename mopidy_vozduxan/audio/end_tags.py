"""ID3v1 and APEv2: tags at the end of a file of any format, up to megabytes. Pure."""

from __future__ import annotations

import struct

from mopidy_vozduxan.audio.answering import Asking
from mopidy_vozduxan.planning.spans import Span

_ID3V1_BYTES = 128
_FOOTER = struct.Struct("<8sIIII8x")  # signature, version, size, items, flags
_HAS_HEADER = 1 << 31
#: A cover in full resolution; what claims to be larger is garbage.
_LARGEST = 8 * 1024 * 1024


def find_end_tags(start: int, size: int) -> Asking[Span]:
    """Return the span of the tags at the end of the file from ``start`` to ``size``.

    It is empty if there are none.
    """
    most = _ID3V1_BYTES + _FOOTER.size
    begin = max(start, size - most)
    end = yield Span(begin, size)
    stop = size - _ID3V1_BYTES if end[-_ID3V1_BYTES:][:3] == b"TAG" else size
    footer = end[: stop - begin][-_FOOTER.size :]
    length = _ape_bytes(footer) if len(footer) == _FOOTER.size else 0
    first = stop - length
    return Span(first if first > start else stop, size)


def _ape_bytes(footer: bytes) -> int:
    """Return the size of the APEv2 tag that ends with ``footer``; 0 if none does."""
    signature, _, size, _, flags = _FOOTER.unpack(footer)
    if signature != b"APETAGEX" or not _FOOTER.size <= size <= _LARGEST:
        return 0
    return int(size) + (_FOOTER.size if flags & _HAS_HEADER else 0)
