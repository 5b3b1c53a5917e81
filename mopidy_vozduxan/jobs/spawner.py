"""The process that starts jobs: ``python -m mopidy_vozduxan.jobs.spawner``.

It has GStreamer loaded. Jobs arrive over its standard input, a socket: a name,
arguments, and the job's end of its own socket. It forks a process for each one. It does
no work itself, has one thread, and opens no untrusted file. When the server closes a
job's socket, that job is killed. When it closes this process's socket, all jobs are
killed, and this process ends.

Design notes
------------
- *A process for each job*: if one hangs, crashes or eats memory, no other is affected,
  and nothing is left behind. Forking from a process with all modules loaded costs 3 ms;
  starting Python and GStreamer costs 0.4 s, and seconds on a Raspberry Pi.
- Forking is safe only here: Mopidy's own process has dozens of threads.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from mopidy_vozduxan.jobs.decode_job import decode, describe, load_plugin_of
from mopidy_vozduxan.jobs.tag_job import scan
from mopidy_vozduxan.jobs.wire import BEGUN, FAILED, JobsEnd

JOBS: dict[str, Callable[..., None]] = {
    "scan": scan,
    "describe": describe,
    "decode": decode,
}

_LONGEST_ORDER = 64 * 1024
_PR_SET_PDEATHSIG = 1


class Spawner:
    """Takes orders from ``control`` until the other end closes it."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._jobs: dict[int, tuple[socket.socket, int]] = {}  # by file descriptor
        self._ended, waker = socket.socketpair()
        for end in (self._ended, waker):
            end.setblocking(False)
        self._waker = waker
        signal.set_wakeup_fd(waker.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._poll = select.poll()
        for end in (control, self._ended):
            self._poll.register(end, select.POLLIN)

    def run(self) -> None:
        """Start and end jobs."""
        try:
            while True:
                for fd, _ in self._poll.poll():
                    if fd == self._control.fileno():
                        if not self._take_order():
                            return
                    elif fd == self._ended.fileno():
                        self._bury()
                    elif fd in self._jobs:  # the server has closed the job
                        os.kill(self._jobs[fd][1], signal.SIGKILL)
                        self._poll.unregister(fd)
        finally:
            for _, pid in self._jobs.values():
                os.kill(pid, signal.SIGKILL)

    def _take_order(self) -> bool:
        order, fds, _, _ = socket.recv_fds(self._control, _LONGEST_ORDER, 1)
        if not order:
            return False
        name, arguments = json.loads(order)
        if "demuxer" in arguments:
            load_plugin_of(arguments["demuxer"])
        sock = socket.socket(fileno=fds[0])
        try:
            pid = os.fork()
        except OSError:  # the server sees its end closed
            sock.close()
            return True
        if pid == 0:
            self._become(JobsEnd(sock), name, arguments)
        self._jobs[sock.fileno()] = sock, pid
        self._poll.register(sock, 0)  # POLLHUP alone
        return True

    def _bury(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._ended.recv(4096)
        with contextlib.suppress(ChildProcessError):
            while pid := os.waitpid(-1, os.WNOHANG)[0]:
                self._forget(pid)

    def _forget(self, pid: int) -> None:
        for fd, (sock, its_pid) in list(self._jobs.items()):
            if its_pid == pid:
                with contextlib.suppress(KeyError):
                    self._poll.unregister(fd)
                del self._jobs[fd]
                sock.close()

    def _become(self, end: JobsEnd, name: str, arguments: Any) -> NoReturn:
        """Do a job in the new process, which ends whatever happens."""
        try:
            self._leave_home()
            end.send(BEGUN)
            JOBS[name](end, **arguments)
        except BaseException as exc:
            with contextlib.suppress(OSError):
                end.send(FAILED, str(exc).encode())
        finally:
            os._exit(0)

    def _leave_home(self) -> None:
        """Close what belongs to the spawner, and die when it does."""
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        others = [sock for sock, _ in self._jobs.values()]
        for end in (self._control, self._ended, self._waker, *others):
            end.close()
        with contextlib.suppress(OSError):  # out of memory: kill this, not Mopidy
            Path("/proc/self/oom_score_adj").write_text("1000")


def main() -> None:
    """Run until the server ends."""
    Spawner(socket.socket(fileno=0)).run()


if __name__ == "__main__":
    main()
