"""What a stream is, as HTTP says it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One stream as HTTP sees it.

    ``size`` is in bytes; ``etag`` is ``<infohash>-<file index>``, unquoted;
    ``name`` is the file's name, as hostile as the torrent it comes from.
    """

    name: str
    size: int
    content_type: str
    etag: str
