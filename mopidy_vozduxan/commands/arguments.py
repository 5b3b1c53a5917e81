"""The arguments of a command: values from JSON, checked one by one.

A wrong one raises :class:`BadInput` with a sentence that names it. Nothing is
guessed: neither ``true`` nor ``"1"`` is a number here.
"""

from __future__ import annotations

import base64
import binascii
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from typing import NoReturn

from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.torrent.metainfo import MAX_TORRENT_BYTES

#: The largest ``.torrent`` file in base64, with two magnet links beside it.
MAX_BODY_BYTES = 14 * 1024 * 1024

#: The longest wait for an answer, in seconds.
LONGEST_WAIT_S = 3600

_MAX_NUMBER = 2**63 - 1
_MAX_TOKEN_CHARS = 256


def read_object(body: bytes) -> dict[str, object]:
    """Return a JSON object; an empty body is an empty object."""
    try:
        value = json.loads(body or b"{}", parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise BadInput("The request's body is not JSON.") from exc
    if not isinstance(value, dict):
        raise BadInput("The request's body is not a JSON object.")
    return value


def check_for(method: Callable[..., object], given: Mapping[str, object]) -> None:
    """Refuse arguments that a command's ``method`` does not take."""
    _, *known = inspect.signature(method).parameters
    check_names(given, known)


def check_names(given: Mapping[str, object], known: Iterable[str]) -> None:
    """Refuse unknown arguments: they are probably misspelt."""
    names = list(known)
    for name in given:
        if name not in names:
            wanted = ", ".join(names) or "none"
            raise BadInput(f"There is no argument {name[:80]!r}; known ones: {wanted}.")


def token(name: str, value: object) -> str:
    """Return a token; it may be unknown."""
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TOKEN_CHARS:
        raise BadInput(f"{name} must be a stream's token.")
    return value


def number(name: str, value: object) -> int:
    """Return a whole number from 0 on; JSON has one kind of number, so 5.0 is 5."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput(f"{name} must be a whole number.")
    if not 0 <= value <= _MAX_NUMBER:
        raise BadInput(f"{name} must be 0 or more, and less than 2⁶³.")
    return value


def seconds(name: str, value: object) -> float:
    """Return how long to wait for an answer."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{name} must be a number of seconds.")
    if not 0 <= value <= LONGEST_WAIT_S:
        raise BadInput(f"{name} must be from 0 to {LONGEST_WAIT_S} seconds.")
    return float(value)


def flag(name: str, value: object) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise BadInput(f"{name} must be true or false.")
    return value


def text(name: str, value: object) -> str | None:
    """Return a text; ``None`` for null and for an empty text."""
    if value is not None and not isinstance(value, str):
        raise BadInput(f"{name} must be a text.")
    return value or None


def decoded(name: str, encoded: str) -> bytes:
    """Return the bytes encoded in base64. The largest take 30 ms."""
    try:
        data = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as exc:
        raise BadInput(f"{name} is not base64.") from exc
    if len(data) > MAX_TORRENT_BYTES:
        raise BadInput(f"{name} is larger than the torrent files we accept.")
    return data


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
