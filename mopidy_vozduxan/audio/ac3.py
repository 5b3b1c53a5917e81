"""AC-3: a sequence of frames. GStreamer does everything else."""

from __future__ import annotations

from mopidy_vozduxan.audio.container import MP3_KBPS, Container, Format

CONTAINER = Container(
    formats={"ac3": Format("audio/ac3", MP3_KBPS)},
)
