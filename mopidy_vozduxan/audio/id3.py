"""ID3v2: a tag that may precede a file of any format."""

from __future__ import annotations

#: The size of the tag's header.
TAG_HEAD_BYTES = 10


def tag_size(head: bytes) -> int:
    """Return the size of the ID3v2 tag at the start of a file, 0 if there is none."""
    if len(head) < TAG_HEAD_BYTES or not head.startswith(b"ID3"):
        return 0
    size = 0
    for byte in head[6:10]:  # seven bits each
        size = size << 7 | byte & 0x7F
    footer = TAG_HEAD_BYTES if head[5] & 0x10 else 0
    return TAG_HEAD_BYTES + size + footer
