"""ADTS: a sequence of AAC frames. Nothing in the file gives its length."""

from __future__ import annotations

from mopidy_vozduxan.audio.container import AAC_KBPS, Container, Format

CONTAINER = Container(
    formats={"aac": Format("audio/aac", AAC_KBPS)},
    length_is_guess=True,
)
