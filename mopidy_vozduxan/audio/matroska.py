"""Matroska and WebM, of whose videos we play the sound. GStreamer does all else."""

from __future__ import annotations

from mopidy_vozduxan.audio.container import (
    MP3_KBPS,
    OPUS_KBPS,
    VIDEO_KBPS,
    Container,
    Format,
)

CONTAINER = Container(
    formats={
        "mka": Format("audio/x-matroska", MP3_KBPS),
        "weba": Format("audio/webm", OPUS_KBPS),
        "mkv": Format("video/x-matroska", VIDEO_KBPS),
        "webm": Format("video/webm", VIDEO_KBPS),
    },
)
