"""The running Mopidy, reached through the player's door; see ``server_file``."""

from __future__ import annotations

import http.client
import json
import os
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from mopidy_vozduxan.cli.failures import Failure
from mopidy_vozduxan.commands.streaming_commands import Result
from mopidy_vozduxan.web import server_file
from mopidy_vozduxan.web.server_file import ServerAddress

#: A server on this machine that takes longer to accept a connection is broken.
CONNECT_S = 5.0
#: Removing may wait for core, and for a large disk.
ANSWER_S = 120.0


class Server:
    """The commands of a running server."""

    running = True

    def __init__(self, address: ServerAddress) -> None:
        self._address = address
        parts = urlsplit(address.url)
        self._host, self._path = parts.netloc, parts.path

    def call(self, command: str, **given: object) -> Result:
        """Return the command's answer. Raises :class:`Failure`."""
        wait = given.get("wait")
        seconds = ANSWER_S + (wait if isinstance(wait, int | float) else 0.0)
        try:
            status, answer = self._ask(command, given, seconds)
        except (OSError, http.client.HTTPException, ValueError) as exc:
            reason = "The running Mopidy does not answer"
            raise Failure("NO_ANSWER", f"{reason}: {exc!r}.") from exc
        if status != http.client.OK:
            error = answer["error"]
            raise Failure(error["code"], error["message"])
        return cast(Result, answer)

    def is_there(self) -> bool:
        """Return whether one of our servers answers at the address.

        Raises :class:`Failure` if one accepts the connection but stays silent.
        """
        try:
            status, answer = self._ask("", {}, CONNECT_S)
            return status == http.client.NOT_FOUND and "error" in answer
        except TimeoutError as exc:
            raise Failure("NO_ANSWER", "The running Mopidy does not answer.") from exc
        except (OSError, http.client.HTTPException, ValueError):
            return False

    def close(self) -> None:
        """Nothing is kept open."""

    def _ask(
        self, command: str, given: dict[str, object], seconds: float
    ) -> tuple[int, dict[str, dict[str, str]]]:
        # Never through a proxy: this is the loopback.
        connection = http.client.HTTPConnection(self._host, timeout=seconds)
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self._address.key}",
        }
        try:
            body = json.dumps(given)
            connection.request("POST", self._path + command, body, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


def find(data_dir: Path) -> Server | None:
    """Return the server that uses this data folder, if one runs.

    A killed server leaves its file behind. Its port is then closed, or belongs to
    another program that does not know our commands. Raises :class:`Failure`.
    """
    path = data_dir / server_file.NAME
    if path.exists() and not os.access(path, os.R_OK):
        told = f"Another user runs the Mopidy of {data_dir}; run this as that user."
        raise Failure("NO_ANSWER", told)
    address = server_file.read(data_dir)
    if address is None:
        return None
    server = Server(address)
    return server if server.is_there() else None
