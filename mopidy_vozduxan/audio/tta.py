"""TTA, True Audio: lossless. GStreamer does all that is needed."""

from __future__ import annotations

from mopidy_vozduxan.audio.container import LOSSLESS_KBPS, Container, Format

CONTAINER = Container(
    formats={"tta": Format("audio/x-tta", LOSSLESS_KBPS)},
    tags_at_end=True,
)
