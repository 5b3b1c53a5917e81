"""What goes into Mopidy's `audio/output` to catch the sound, and where it lies.

Measured with Mopidy 3.4 on GStreamer 1.22 and Mopidy 4.0 on 1.26:

- the file holds every sample played, bit for bit, and tracks that follow one another
  by themselves lie back to back;
- **a seek empties it**: `filesink` truncates its file when the pipeline is flushed.
  Sample 0 is then the first one after the last seek, wherever that landed: find it
  in the source with `offset_in`;
- `next` and `play` of another track empty it too. `stop`, an error and the end
  of the tracklist leave it as it is until then. Before reading it, wait for
  `track_playback_ended`, which comes last.

`wavenc` is not used: it writes its length at the end, and a flush leaves it without
a head. What a seek gives compared with the file decoded from its beginning:

FLAC, WAV       the same samples, from the very sample asked for
Vorbis, Opus    the same samples
AAC             the same after the first packet: `skip` 8000 bytes of F32LE
MP3             the same on 1.26; never on 1.22, whose decoder carries its rounding
                errors along: compare with `album.pcm_of(start_ms=…)`
"""

from __future__ import annotations

from pathlib import Path

from tests.rig.album import recorded

SILENT = "fakesink sync=true"  # in real time, heard by nobody


def capture(path: Path, *, sync: bool = True, format: str = "S16LE") -> str:
    """An `audio/output` writing raw samples, at each track's own rate, to `path`.

    Compare with `album.pcm_of` of the same `format`: S16LE for lossless files, F32LE
    for all others. `sync=False` plays as fast as the source delivers: the position
    then runs ahead of any clock, and a track is over before an event arrives.
    """
    return f"{recorded(path, format)} sync={str(sync).lower()}"


def offset_in(
    source: bytes, captured: bytes, *, skip: int = 0, frame: int = 4, probe: int = 4096
) -> int:
    """Byte offset in `source` where `captured` begins; ValueError if it is not there.

    Sound from `album` never repeats, so `probe` bytes decide. `skip` bytes are not
    looked at: after a seek a lossy decoder needs some packets until it is right.
    `frame`: bytes of one sample of all channels (8 for F32LE).
    """
    wanted = captured[skip : skip + probe]
    start = source.find(wanted)
    while start != -1 and (start - skip) % frame:
        start = source.find(wanted, start + 1)
    if start == -1 or len(wanted) < probe:
        raise ValueError("the captured sound is not in the source")
    return start - skip
