"""A file presented as another kind of file, which a demuxer handles better."""

from __future__ import annotations

from typing import Protocol

from mopidy_vozduxan.audio.answering import Asking
from mopidy_vozduxan.planning.spans import Span


class View(Protocol):
    """A file of ``size`` bytes that starts with ``head``, made from another file.

    ``demuxer`` is the GStreamer element for it.
    """

    demuxer: str
    size: int
    head: bytes

    def read(self, span: Span) -> Asking[bytes]:
        """Make the bytes of ``span``, out of bytes of the original file."""
