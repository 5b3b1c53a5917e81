"""DTS: a sequence of frames. GStreamer does everything else."""

from __future__ import annotations

from mopidy_vozduxan.audio.container import PCM_KBPS, Container, Format

CONTAINER = Container(
    formats={"dts": Format("audio/vnd.dts", PCM_KBPS)},
)
