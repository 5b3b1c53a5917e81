"""A file as another kind of file, for a demuxer that understands that one better."""

from __future__ import annotations

from typing import Protocol

from mopidy_vozduxan.audio.answering import Asking
from mopidy_vozduxan.planning.spans import Span


class View(Protocol):
    """A file of ``size`` bytes that begins with ``head``, made of another one.

    ``demuxer`` is GStreamer's element for it.
    """

    demuxer: str
    size: int
    head: bytes

    def read(self, span: Span) -> Asking[bytes]:
        """Make the bytes of ``span``, asking for those of the file it is made of."""
