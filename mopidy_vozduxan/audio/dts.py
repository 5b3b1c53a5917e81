"""DTS: a sequence of frames. GStreamer does everything else.

On some CDs, and in WAV and FLAC made of them, the frames take the place of samples: as
sound they are noise.
"""

from __future__ import annotations

import re

from mopidy_vozduxan.audio.container import PCM_KBPS, Container, Format

_FORMAT = Format("audio/vnd.dts", PCM_KBPS)
CONTENT_TYPE = _FORMAT.content_type

#: How a frame begins, in words of 16 or of 14 bits; the low byte of a word is first.
_SYNCS = (
    re.compile(rb"\xfe\x7f\x01\x80.[\xfc-\xff]", re.DOTALL),
    re.compile(rb"\xff\x1f\x00\xe8[\xf0-\xff]\x07", re.DOTALL),
)
_SHORTEST_FRAME = 96
#: How much of a sound shows whether it is DTS: more than two frames.
LOOK_BYTES = 48 * 1024


def is_dts(pcm: bytes) -> bool:
    """Whether samples of 16 bits, in WAV's order, are frames of DTS."""
    for sync in _SYNCS:
        found = [match.start() for match in sync.finditer(pcm)]
        starts = [at for at in found if at % 2 == 0]
        if len(starts) > 1 and starts[-1] - starts[0] >= _SHORTEST_FRAME:
            return True
    return False


CONTAINER = Container(
    formats={"dts": _FORMAT},
)
