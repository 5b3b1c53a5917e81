"""The description of a stream for HTTP."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One stream for HTTP.

    ``size`` is in bytes; ``etag`` is ``<infohash>-<file index>``, unquoted; ``name`` is
    the file's name, which is untrusted, like its torrent.
    """

    name: str
    size: int
    content_type: str
    etag: str
