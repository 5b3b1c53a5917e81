"""The running Mopidy, asked over the player's door; see ``server_file``."""

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

#: It is on this machine: one that does not take a connection in this time is ill.
CONNECT_S = 5.0
#: Removing may wait for core, and for a large disk.
ANSWER_S = 120.0


class Server:
    """The commands of a server that runs."""

    running = True

    def __init__(self, address: ServerAddress) -> None:
        self._address = address
        parts = urlsplit(address.url)
        self._host, self._path = parts.netloc, parts.path

    def call(self, command: str, **given: object) -> Result:
        """Return what the command answers. Raises :class:`Failure`."""
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
        """Return whether a server of ours answers at the address.

        Raises :class:`Failure` for one that takes the connection and is silent.
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
        # Never through a proxy: it is this machine's loopback.
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
    """Return the server that runs on this data, if one does.

    The file of a server that was killed leads to a closed port, or to a program
    that has it now and does not know our commands. Raises :class:`Failure`.
    """
    path = data_dir / server_file.NAME
    if path.exists() and not os.access(path, os.R_OK):
        told = f"The Mopidy of {data_dir} is another user's: run this as that user."
        raise Failure("NO_ANSWER", told)
    address = server_file.read(data_dir)
    if address is None:
        return None
    server = Server(address)
    return server if server.is_there() else None
