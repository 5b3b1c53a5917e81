"""A GStreamer decoder that our event loop feeds and empties.

It takes packets, gives PCM, and holds little of either. Its threads reach the loop by
ringing one bell; the loop never waits for them.
"""

from __future__ import annotations

import asyncio

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

from mopidy_vozduxan.audio.divisible import Compressed  # noqa: E402
from mopidy_vozduxan.audio.sound import CutFailed  # noqa: E402
from mopidy_vozduxan.bridge import wake  # noqa: E402

#: Limits of what waits to be decoded, and to be taken: each less than a second.
_FED_BYTES = 128 * 1024
_DECODED_BUFFERS = 16

# Only the width of the numbers changes, so dithering would just add noise.
_PIPELINE = (
    "appsrc name=source format={format} max-bytes={fed} ! {elements}"
    " ! audioconvert dithering=none noise-shaping=none"
    " ! audio/x-raw,format={sound.gst_format},layout=interleaved"
    " ! appsink name=sink sync=false emit-signals=true max-buffers={decoded}"
)


class Decoder:
    """A pipeline that runs from :meth:`started` until :meth:`close`."""

    def __init__(self, file: Compressed, loop: asyncio.AbstractEventLoop) -> None:
        Gst.init(None)  # does nothing if Mopidy has done it already
        self._loop = loop
        self._bell = bell = _Bell(loop)
        self._sound = file.sound
        self._pipeline = _pipeline(file)
        self._source = self._pipeline.get_by_name("source")
        self._sink = self._pipeline.get_by_name("sink")
        if file.caps:
            self._source.set_property("caps", Gst.Caps.from_string(file.caps))
        self._source.connect("need-data", bell.ring)
        for signal in ("new-sample", "eos"):
            self._sink.connect(signal, bell.ring)
        bus = self._pipeline.get_bus()
        bus.enable_sync_message_emission()
        bus.connect("sync-message::error", bell.ring_for_error)
        self._pipeline.set_state(Gst.State.PLAYING)
        self._failure: Exception | None = None
        self._due_ns: float | None = None  # the time of the next buffer

    @classmethod
    async def started(cls, file: Compressed) -> Decoder:
        """Return a decoder for ``file``, made on another thread.

        The first one of a kind loads its plugin. Raises :class:`CutFailed` if the
        plugin is missing.
        """
        loop = asyncio.get_running_loop()
        making = loop.run_in_executor(None, cls, file, loop)
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            making.add_done_callback(_close_unwanted)
            raise

    async def push(self, packet: bytes) -> None:
        """Give the decoder a packet as soon as there is room."""
        while packet:  # GStreamer crashes on an empty one
            rung = self._bell.next_ring()
            if self._source.get_property("current-level-bytes") < _FED_BYTES:
                self._source.emit("push-buffer", Gst.Buffer.new_wrapped(packet))
                return
            await rung.wait()

    def end(self) -> None:
        """Say that there are no more packets."""
        self._source.emit("end-of-stream")

    def fail(self, error: Exception) -> None:
        """Make :meth:`pull` raise ``error``."""
        self._failure = error
        self._bell.ring()

    async def pull(self) -> bytes | None:
        """Return the next decoded bytes; None at the end.

        Raises :class:`CutFailed` if the decoder fails.
        """
        while True:
            rung = self._bell.next_ring()
            sample = self._sink.emit("try-pull-sample", 0)
            if sample is not None:
                self._check(sample.get_caps().get_structure(0))
                buffer = sample.get_buffer()
                self._check_time(buffer)
                return bytes(buffer.extract_dup(0, buffer.get_size()))
            if self._failure:
                raise self._failure
            if self._bell.error:
                raise CutFailed(f"The file is damaged: {self._bell.error}")
            if self._sink.get_property("eos"):
                return None
            await rung.wait()

    def _check(self, caps: Gst.Structure) -> None:
        for name in ("rate", "channels"):
            if caps.get_int(name)[1] != getattr(self._sound, name):
                raise CutFailed("The file's sound does not match its header.")

    def _check_time(self, buffer: Gst.Buffer) -> None:
        """Notice a parser that silently skips what it does not understand."""
        if buffer.pts == Gst.CLOCK_TIME_NONE:
            return
        sample_ns = Gst.SECOND / self._sound.rate
        if self._due_ns is not None and abs(buffer.pts - self._due_ns) > sample_ns:
            raise CutFailed("The file is damaged: a part of it is missing.")
        samples = buffer.get_size() // self._sound.frame_bytes
        self._due_ns = buffer.pts + samples * sample_ns

    def close(self) -> None:
        """End the pipeline on another thread, because that waits for its threads."""
        self._loop.run_in_executor(None, self._pipeline.set_state, Gst.State.NULL)


def _pipeline(file: Compressed) -> Gst.Pipeline:
    description = _PIPELINE.format(
        elements=file.elements,
        sound=file.sound,
        format="time" if file.caps else "bytes",
        fed=_FED_BYTES,
        decoded=_DECODED_BUFFERS,
    )
    try:
        return Gst.parse_launch(description)
    except GLib.Error as exc:
        raise CutFailed(f"GStreamer has no decoder for this: {exc.message}.") from exc


def _close_unwanted(making: asyncio.Future[Decoder]) -> None:
    if not making.cancelled() and not making.exception():
        making.result().close()


class _Bell:
    """Any thread rings it, the loop hears it. It does not refer to the pipeline."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._rung = asyncio.Event()
        self.error = ""

    def next_ring(self) -> asyncio.Event:
        """Return what the next ring sets. Take it before you look around."""
        return self._rung

    def ring(self, *_: object) -> Gst.FlowReturn:
        """Wake the coroutine that waits."""
        wake(self._loop, self._ring)
        return Gst.FlowReturn.OK

    def ring_for_error(self, _bus: Gst.Bus, message: Gst.Message) -> None:
        """Keep the message, and wake the coroutine that waits."""
        self.error = message.parse_error()[0].message
        self.ring()

    def _ring(self) -> None:
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()
