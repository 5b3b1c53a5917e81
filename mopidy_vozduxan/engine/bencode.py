"""Decodes bencoded bytes from any source into plain values."""

from __future__ import annotations

from typing import Any

import libtorrent as lt


def bdecoded(data: bytes) -> dict[bytes, Any]:
    """Return a bencoded dictionary; an empty one if the bytes are not one."""
    try:
        fields: Any = lt.bdecode(data)
    except (RuntimeError, ValueError):
        return {}
    return fields if isinstance(fields, dict) else {}
