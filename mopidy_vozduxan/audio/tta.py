"""TTA (True Audio), which is lossless. GStreamer does everything else."""

from __future__ import annotations

from mopidy_vozduxan.audio.container import LOSSLESS_KBPS, Container, Format

CONTAINER = Container(
    formats={"tta": Format("audio/x-tta", LOSSLESS_KBPS)},
    demuxer_cuts=True,
    tags_at_end=True,
)
