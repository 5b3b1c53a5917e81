"""The usual libtorrent streaming script as a contestant.

All settings have their defaults. It uses ``sequential_download``, and file priorities
for the file that plays. It raises the piece that a request needs to 7, and calls
``read_piece`` when the piece has come.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import libtorrent as lt

from benchmarks.contestants import OFFLINE, obey

CATEGORIES = lt.alert.category_t
ALERTS = CATEGORIES.status_notification | CATEGORIES.piece_progress_notification
WAIT_S = 0.2  # a lost wake-up costs no more than this


class Script:
    """A session, at most one torrent in it, and its pieces."""

    def __init__(self, torrent: bytes, folder: Path, settings: dict[str, Any]) -> None:
        whole: Any = {**OFFLINE, "alert_mask": ALERTS, **settings}
        self._session: Any = lt.session(whole)
        self._params: Any = lt.load_torrent_buffer(torrent)
        self._params.save_path = str(folder)
        self._info: Any = self._params.ti
        self._handle: Any = None
        self._read: dict[int, bytes] = {}
        self._news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def play(self, index: int) -> None:
        """Want only that file, in order."""
        wanted = [4 * (n == index) for n in range(self._info.num_files())]
        if self._handle is None:
            self._params.file_priorities = wanted
            self._params.flags |= lt.torrent_flags.sequential_download
            self._handle = self._session.add_torrent(self._params)
        else:
            self._handle.prioritize_files(wanted)

    def place(self, index: int) -> tuple[int, int]:
        """Return a file's offset in the torrent, and its size."""
        info = self._info
        layout = info.layout() if hasattr(info, "layout") else info.files()
        return layout.file_offset(index), layout.file_size(index)

    def bytes_at(self, offset: int) -> bytes:
        """Return the bytes from ``offset`` to the end of their piece."""
        piece, skip = divmod(offset, self._info.piece_length())
        if not self._handle.have_piece(piece):
            self._handle.piece_priority(piece, 7)
        with self._news:
            while not self._handle.have_piece(piece):
                self._news.wait(WAIT_S)
            self._handle.read_piece(piece)
            while piece not in self._read:
                self._news.wait()
            return self._read.pop(piece)[skip:]

    def _listen(self) -> None:
        while True:
            self._session.wait_for_alert(1000)
            alerts = self._session.pop_alerts()
            with self._news:
                for alert in alerts:
                    if isinstance(alert, lt.read_piece_alert):
                        self._read[alert.piece] = bytes(alert.buffer)
                self._news.notify_all()


def handler_of(script: Script) -> type[BaseHTTPRequestHandler]:
    """Return the handler for ``/<file index>``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            begin, size = script.place(int(self.path[1:]))
            asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
            start = int(asked[1]) if asked else 0
            self.send_response(206)
            self.send_header("Content-Length", str(size - start))
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.end_headers()
            with suppress(OSError):  # the client may leave at any time
                self._send(begin + start, begin + size)

        def _send(self, at: int, stop: int) -> None:
            while at < stop:
                data = script.bytes_at(at)[: stop - at]
                self.wfile.write(data)
                at += len(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def main(torrent: str, folder: str, settings: dict[str, Any]) -> None:
    """Serve on a free port, and obey orders."""
    script = Script(Path(torrent).read_bytes(), Path(folder), settings)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(script))
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def answer(order: dict[str, Any]) -> dict[str, Any]:
        script.play(order["index"])
        return {"url": f"http://127.0.0.1:{server.server_port}/{order['index']}"}

    obey(answer)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
