"""The streams for the HTTP doors: what they are, and readers of their bytes.

Belongs to the manager and lives on our event loop; it is the
:class:`~mopidy_vozduxan.streaming.serving_protocol.Streams` of the doors. Never
decides what is fetched.
"""

from __future__ import annotations

from collections.abc import Callable

from mopidy_vozduxan.exceptions import NoSuchStream, VozduxanError
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.streaming.file_choice import playable_file
from mopidy_vozduxan.streaming.metadata import Metadata
from mopidy_vozduxan.streaming.open_streams import OpenStreams
from mopidy_vozduxan.streaming.piece_reader import PieceReader
from mopidy_vozduxan.streaming.stream import Stream
from mopidy_vozduxan.streaming.stream_info import StreamInfo

#: A demuxer that has enough hangs up within milliseconds (5 to 50 measured), but until
#: then the kernel would read megabytes ahead.
DEMUXER_PAUSE_S = 0.15


class Serving:
    """``failed`` is called with a stream that cannot be played."""

    def __init__(
        self,
        streams: OpenStreams,
        metadata: Metadata,
        clock: Callable[[], float],
        failed: Callable[[Stream, VozduxanError], None],
    ) -> None:
        self._streams = streams
        self._metadata = metadata
        self._clock = clock
        self._failed = failed

    def known(self, token: str) -> StreamInfo | None:
        """Return what is known about a stream, without touching its swarm.

        Raises :class:`NoSuchStream`.
        """
        return self._streams.named(token).file.info

    async def describe(self, token: str) -> StreamInfo:
        """Return what a stream is; waits for the metadata if necessary.

        Raises :class:`NoSuchStream`, :class:`MetadataTimeout`, :class:`NoSuchFile`, or
        the error that broke the swarm.
        """
        stream = self._streams.named(token)
        playable_file(await self._metadata.of(stream.swarm), stream.file.choice)
        info = stream.file.info
        if info is None:
            raise NoSuchStream("The stream was released.")
        return info

    def open_reader(
        self, token: str, start: int, stop: int, *, player: bool
    ) -> PieceReader:
        """Return a reader of the stream's bytes ``[start, stop)``.

        Raises :class:`NoSuchStream`.
        """
        stream = self._streams.named(token)
        pieces = stream.file.map
        if pieces is None:
            raise NoSuchStream("The stream's metadata is not here yet.")
        reader = PieceReader(
            stream.swarm,
            pieces,
            Span(start, stop),
            player=player,
            moved=lambda reader: self._moved(stream, reader),
            clock=self._clock,
            pause_s=DEMUXER_PAUSE_S if stream.background and player else 0.0,
        )
        stream.readers.add(reader)
        stream.playhead.reader_came()
        self._streams.changed()
        return reader

    async def released(self, token: str) -> None:
        """Wait until no stream has that token."""
        stream = self._streams.get(token)
        if stream:
            await stream.gone.wait()

    def fail(self, token: str, error: VozduxanError) -> None:
        """Note that the player cannot play a stream."""
        if stream := self._streams.get(token):
            self._failed(stream, error)

    def _moved(self, stream: Stream, reader: PieceReader) -> None:
        stream.timing.now()  # the piece may have its header, and leave memory soon
        if reader.closed:
            stream.readers.discard(reader)
            self._streams.end_orphans()
        self._streams.changed(reader.closed or reader.waiting_since is not None)
