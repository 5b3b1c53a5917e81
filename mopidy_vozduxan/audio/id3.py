"""ID3v2: a tag that may stand before a file of any format."""

from __future__ import annotations

#: These tell how large the tag is.
TAG_HEAD_BYTES = 10


def tag_size(head: bytes) -> int:
    """Return the bytes an ID3v2 tag takes before the file proper; mostly pictures."""
    if len(head) < TAG_HEAD_BYTES or not head.startswith(b"ID3"):
        return 0
    size = 0
    for byte in head[6:10]:  # seven bits each
        size = size << 7 | byte & 0x7F
    footer = TAG_HEAD_BYTES if head[5] & 0x10 else 0
    return TAG_HEAD_BYTES + size + footer
