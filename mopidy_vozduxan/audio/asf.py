"""ASF, for Windows Media Audio. GStreamer does everything else."""

from __future__ import annotations

from mopidy_vozduxan.audio.container import AAC_KBPS, VIDEO_KBPS, Container, Format

CONTAINER = Container(
    formats={
        "wma": Format("audio/x-ms-wma", AAC_KBPS),
        **dict.fromkeys(("wmv", "asf"), Format("video/x-ms-wmv", VIDEO_KBPS)),
    },
)
