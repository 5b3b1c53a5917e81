"""Matroska and WebM. GStreamer does everything else."""

from __future__ import annotations

from mopidy_vozduxan.audio.container import MP3_KBPS, OPUS_KBPS, Container, Format

CONTAINER = Container(
    formats={
        "mka": Format("audio/x-matroska", MP3_KBPS),
        "weba": Format("audio/webm", OPUS_KBPS),
    },
)
