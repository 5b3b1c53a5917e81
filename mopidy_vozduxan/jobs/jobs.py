"""Jobs as our event loop sees them: started, asked, answered, killed.

The process that starts them (:mod:`~.spawner`) starts with the first job, and ends
after a while without any. Nothing here waits for GStreamer: a caller that has waited
long enough closes its job, which kills it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.jobs.wire import BYTES, FAILED, HEAD, LONGEST

logger = logging.getLogger(__name__)

_SPAWNER = "mopidy_vozduxan.jobs.spawner"
#: Loading Python, Mopidy's scanner and GStreamer takes 0.4 s here, seconds on a small
#: machine, and more if that is busy.
START_S = 60.0
#: The spawner takes 45 MB, so it does not stay longer than this.
IDLE_S = 60.0
#: The socket itself buffers about as much again.
_BUFFER = 64 * 1024


class JobFailed(VozduxanError):
    """A job gave up, crashed, or took too long."""


class NoJobs(VozduxanError):
    """No process can be started: the machine is at its limits."""


class Job:
    """A running process. Its messages come in order; :meth:`close` kills it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ended: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._ended = ended
        self._closed = False

    async def message(self) -> tuple[bytes, bytes]:
        """Return the next message: its kind and body.

        Raises :class:`JobFailed` with the job's last sentence, or if it has died.
        """
        try:
            kind, size = HEAD.unpack(await self._reader.readexactly(HEAD.size))
            if size > LONGEST:
                raise JobFailed("it sends messages that are too long")
            body = await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, OSError) as exc:
            raise JobFailed("GStreamer crashed on it") from exc
        if kind == FAILED:
            raise JobFailed(body.decode(errors="replace"))
        return kind, body

    def give(self, data: bytes) -> None:
        """Send the bytes that the job asked for."""
        self._writer.write(HEAD.pack(BYTES, len(data)) + data)

    def close(self) -> None:
        """Kill the job at once. Safe to call again."""
        if not self._closed:
            self._closed = True
            self._writer.transport.abort()
            self._ended()


class Jobs:
    """Starts jobs. Lives on our event loop; :meth:`close` ends all of them."""

    def __init__(self) -> None:
        self._starting = asyncio.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._at_work = 0
        self._idle: asyncio.TimerHandle | None = None
        self._closed = False

    @asynccontextmanager
    async def job(self, name: str, **arguments: object) -> AsyncIterator[Job]:
        """Run a job; at the end it is killed if it still runs.

        Raises :class:`NoJobs` if no process can be started.
        """
        job = await self.start(name, **arguments)
        try:
            yield job
        finally:
            job.close()

    async def start(self, name: str, **arguments: object) -> Job:
        """Start a job; the caller closes it. Raises :class:`NoJobs`."""
        ours, theirs = socket.socketpair()
        order = json.dumps([name, arguments]).encode()
        with theirs:
            try:
                await self._send(order, theirs)
            except OSError as exc:
                ours.close()
                raise NoJobs(f"No process can be started: {exc}.") from exc
        reader, writer = await asyncio.open_unix_connection(sock=ours, limit=_BUFFER)
        self._at_work += 1
        job = Job(reader, writer, self._ended)
        try:
            async with asyncio.timeout(START_S):
                await job.message()
        except BaseException as exc:
            job.close()
            if isinstance(exc, (TimeoutError, JobFailed)):
                raise NoJobs("No process can be started.") from exc
            raise
        return job

    def close(self) -> None:
        """End all jobs, and the process that starts them."""
        self._closed = True
        self._hang_up()

    async def _send(self, order: bytes, end: socket.socket) -> None:
        async with self._starting:
            for last in (False, True):
                control = self._control or await self._open()
                try:
                    socket.send_fds(control, [order], [end.fileno()])
                    return
                except OSError:  # it has died
                    self._hang_up()
                    if last:
                        raise

    async def _open(self) -> socket.socket:
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            self._process = await asyncio.to_thread(_spawn, theirs)
        ours.setblocking(False)
        self._control = ours
        if self._closed:
            self._hang_up()
            raise OSError("Mopidy stops")
        return ours

    def _hang_up(self) -> None:
        """Let the spawner end; its jobs end with it."""
        control, self._control = self._control, None
        process, self._process = self._process, None
        if control:
            control.close()
        if process:  # reap it, so that it does not become a zombie
            threading.Thread(target=process.wait, daemon=True).start()

    def _ended(self) -> None:
        self._at_work -= 1
        if self._idle:
            self._idle.cancel()
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(IDLE_S, self._rest)

    def _rest(self) -> None:
        if not self._at_work and not self._starting.locked():
            self._hang_up()


def _spawn(control: socket.socket) -> subprocess.Popen[bytes]:
    """Start the spawner. Blocks for some milliseconds."""
    return subprocess.Popen(
        [sys.executable, "-m", _SPAWNER],
        stdin=control.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C in a terminal is for Mopidy only
        cwd="/",
    )
