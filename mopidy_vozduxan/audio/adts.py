"""ADTS: AAC frames, one after the other, and no length anywhere."""

from __future__ import annotations

from mopidy_vozduxan.audio.container import AAC_KBPS, Container, Format

CONTAINER = Container(
    formats={"aac": Format("audio/aac", AAC_KBPS)},
    length_is_guess=True,
)
