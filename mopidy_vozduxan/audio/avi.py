"""AVI: video with sound, of which we play the sound. GStreamer does everything else."""

from __future__ import annotations

from mopidy_vozduxan.audio.container import VIDEO_KBPS, Container, Format

CONTAINER = Container(
    formats={"avi": Format("video/x-msvideo", VIDEO_KBPS)},
    signatures=((8, b"AVI "),),
)
