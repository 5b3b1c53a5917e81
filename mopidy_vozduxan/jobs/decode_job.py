"""The jobs ``describe`` and ``decode``: one of GStreamer's demuxers reads a file as if
it were local. Runs in a process of its own.

The demuxer pulls its bytes from the server. So demuxers that hang when bytes are pushed
to them (all of gst-libav's do) work as with local files, and a seek needs only what it
reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402
from mopidy.audio.tags import convert_taglist  # noqa: E402

from mopidy_vozduxan.jobs.wire import DONE, SAMPLES, JobsEnd, dump  # noqa: E402

#: How much to request at once: demuxers ask for 4 KiB at a time.
_READ_BYTES = 64 * 1024
#: Samples wider than 16 bits become 32 bits; floats (DSD) lose nothing audible.
_PIPELINE = (
    "appsrc name=source stream-type=random-access format=bytes"
    " ! {demuxer} name=demuxer"
    " decodebin name=decoder ! audioconvert dithering=none noise-shaping=none"
    " ! audio/x-raw,format={{S16LE,S32LE}},layout=interleaved"
    " ! appsink name=sink sync=false max-buffers=4"
)
_BITS = {"S16LE": 16, "S32LE": 32}
#: A smaller gap is due to rounded times in containers.
_GAP_NS = 5 * Gst.MSECOND
#: How long lossy decoders take to be right: Opus 80 ms, AAC two frames.
_SETTLING_S = 0.2
_NO_SEEK = "the file cannot be read from that position on"
_ENDS = Gst.MessageType.ERROR | Gst.MessageType.EOS
_PREROLLED = Gst.MessageType.ASYNC_DONE


class DecodingFailed(Exception):
    """GStreamer gives up on the file."""


def describe(end: JobsEnd, demuxer: str, size: int) -> None:
    """Answer with a file's sound format, its number of samples, and its tags."""
    file = _File(end, demuxer, size)
    answer = {**file.sound, "tags": file.tags}
    end.send(DONE, dump(answer))


def decode(end: JobsEnd, demuxer: str, size: int, sample: int) -> None:
    """Send the samples of a file from ``sample`` on, to its end."""
    file = _File(end, demuxer, size)
    for data in file.samples_from(sample):
        end.send(SAMPLES, data)
    end.send(DONE, b"{}")


def load_plugin_of(element: str) -> None:
    """Load an element's plugin, once for all jobs: gst-libav takes 70 ms."""
    Gst.init(None)
    factory = Gst.ElementFactory.find(element)
    if factory:
        factory.load()


class _Bytes:
    """The file's bytes, for an ``appsrc``."""

    def __init__(self, end: JobsEnd, source: Gst.Element, size: int) -> None:
        self._end = end
        self._size = size
        self._offset = 0
        self._kept_from, self._kept = 0, b""
        source.set_property("size", size)
        source.connect("seek-data", self._seek)
        source.connect("need-data", self._give)

    def _seek(self, _: Gst.Element, offset: int) -> bool:
        self._offset = offset
        return True

    def _give(self, source: Gst.Element, length: int) -> None:
        data = self._read(self._offset, min(length, self._size - self._offset))
        self._offset += len(data)
        if data:  # GStreamer crashes on an empty buffer
            source.emit("push-buffer", Gst.Buffer.new_wrapped(data))
        else:
            source.emit("end-of-stream")

    def _read(self, offset: int, length: int) -> bytes:
        at = offset - self._kept_from
        if not 0 <= at <= at + length <= len(self._kept):
            most = max(0, self._size - offset)
            wanted = min(max(length, _READ_BYTES), most)
            self._kept_from, at = offset, 0
            self._kept = self._end.bytes_of(offset, wanted) if wanted > 0 else b""
        return self._kept[at : at + length]


class _File:
    """A pipeline that has its first samples. Raises :class:`DecodingFailed`."""

    def __init__(self, end: JobsEnd, demuxer: str, size: int) -> None:
        Gst.init(None)
        self._pipeline = Gst.parse_launch(_PIPELINE.format(demuxer=demuxer))
        self._sink = self._pipeline.get_by_name("sink")
        self._bus = self._pipeline.get_bus()
        self._decoder = self._pipeline.get_by_name("decoder")
        _Bytes(end, self._pipeline.get_by_name("source"), size)
        self._pipeline.get_by_name("demuxer").connect("pad-added", self._link)
        self.tags: dict[str, list[Any]] = {}
        self._pipeline.set_state(Gst.State.PAUSED)
        self._wait_for_first()
        self.sound = self._read_sound()

    def samples_from(self, sample: int) -> Iterator[bytes]:
        """Yield the samples from ``sample`` on."""
        rate, width = self.sound["rate"], self._width
        if sample:
            self._seek(sample)
        self._pipeline.set_state(Gst.State.PLAYING)
        due_ns: float | None = None
        while (found := self._next()) is not None:
            start_ns, data = found
            first = round(start_ns * rate / Gst.SECOND)
            if due_ns is None and sample and first > sample:
                raise DecodingFailed(_NO_SEEK)
            if due_ns is not None and abs(start_ns - due_ns) > _GAP_NS:
                raise DecodingFailed("a part of the file is missing")
            due_ns = start_ns + len(data) // width * Gst.SECOND / rate
            if first < sample:
                data = data[(sample - first) * width :]
            if data:
                yield data

    def _seek(self, sample: int) -> None:
        """Go to some samples before, from where the decoder is right in time."""
        rate = self.sound["rate"]
        earlier = sample - int(_SETTLING_S * rate)
        if earlier <= 0:
            return
        # Rounded up: decoders clip at a sample, but give the time that was asked for.
        time_ns = -(-earlier * Gst.SECOND // rate)
        flags = Gst.SeekFlags.FLUSH | Gst.SeekFlags.ACCURATE
        if not self._pipeline.seek_simple(Gst.Format.TIME, flags, time_ns):
            raise DecodingFailed(_NO_SEEK)

    def _link(self, _: Gst.Element, pad: Gst.Pad) -> None:
        """Link the sound, and no pictures."""
        sink = self._decoder.get_static_pad("sink")
        kind = pad.query_caps(None).to_string()
        if kind.startswith("audio/") and not sink.is_linked():
            pad.link(sink)

    def _wait_for_first(self) -> None:
        wanted = _ENDS | _PREROLLED | Gst.MessageType.TAG
        while True:
            message = self._bus.timed_pop_filtered(Gst.CLOCK_TIME_NONE, wanted)
            if message.type == Gst.MessageType.TAG:
                self._keep_tags(message.parse_tag())
            elif message.type == _PREROLLED:
                return
            else:
                raise DecodingFailed(_reason(message))

    def _keep_tags(self, found: Gst.TagList) -> None:
        for name, values in convert_taglist(found).items():
            self.tags.setdefault(name, list(values))

    def _read_sound(self) -> Mapping[str, int]:
        sample = self._sink.emit("try-pull-preroll", 0)
        known, duration_ns = self._pipeline.query_duration(Gst.Format.TIME)
        if sample is None or not known:
            raise DecodingFailed("the file does not say how long it is")
        caps = sample.get_caps().get_structure(0)
        rate, channels = caps.get_int("rate")[1], caps.get_int("channels")[1]
        bits = _BITS[caps.get_string("format")]
        self._width = channels * bits // 8
        samples = round(duration_ns * rate / Gst.SECOND)
        return {"rate": rate, "channels": channels, "bits": bits, "samples": samples}

    def _next(self) -> tuple[int, bytes] | None:
        """Return a buffer's time and content; None at the end."""
        while True:
            sample = self._sink.emit("try-pull-sample", Gst.SECOND)
            if sample is not None:
                self._check(sample.get_caps().get_structure(0))
                buffer = sample.get_buffer()
                return buffer.pts, buffer.extract_dup(0, buffer.get_size())
            message = self._bus.pop_filtered(Gst.MessageType.ERROR)
            if message:
                raise DecodingFailed(_reason(message))
            if self._sink.get_property("eos"):
                return None

    def _check(self, caps: Gst.Structure) -> None:
        for name in ("rate", "channels"):
            if caps.get_int(name)[1] != self.sound[name]:
                raise DecodingFailed("the sound format changes inside the file")


def _reason(message: Gst.Message) -> str:
    if message.type == Gst.MessageType.EOS:
        return "the file has no sound"
    return str(message.parse_error()[0].message)
