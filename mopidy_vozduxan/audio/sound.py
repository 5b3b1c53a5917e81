"""PCM: what a lossless file holds. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.torrent.tags import CUE_FRAMES_PER_S

#: That of decoded DSD512; everything else has 768 kHz at most.
_MOST_RATE = 2_822_400


class CutFailed(VozduxanError):
    """The file is damaged, or cannot be cut."""


@dataclass(frozen=True, slots=True)
class Sound:
    """PCM: ``samples`` per channel at ``rate`` per second, ``bits`` each."""

    rate: int
    channels: int
    bits: int
    samples: int

    def __post_init__(self) -> None:
        sane = 1 <= self.channels <= 8 and 4 <= self.bits <= 32 and self.samples > 0
        if not sane or not 1000 <= self.rate <= _MOST_RATE:
            raise CutFailed("The file does not describe its length or its sound.")

    @property
    def wave_bytes(self) -> int:
        """The bytes of one number in a lossless WAV file."""
        return max(2, -(-self.bits // 8))

    @property
    def frame_bytes(self) -> int:
        """The bytes of one sample of all channels in that WAV file."""
        return self.channels * self.wave_bytes

    @property
    def gst_format(self) -> str:
        """GStreamer's name for such numbers."""
        return {2: "S16LE", 3: "S24LE", 4: "S32LE"}[self.wave_bytes]

    def sample_at(self, cue_frames: int | None) -> int:
        """Return the sample at a CUE sheet's time; None is the end of the file."""
        if cue_frames is None:
            return self.samples
        return min(cue_frames * self.rate // CUE_FRAMES_PER_S, self.samples)
