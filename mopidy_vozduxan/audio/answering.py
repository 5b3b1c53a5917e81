"""Generators that ask for spans of a file, and never read it themselves.

The same parser can thus run on a file that a swarm delivers (:func:`answered`), and on
bytes that are already in memory (:func:`answered_by`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TypeVar

from mopidy_vozduxan.planning.spans import Span

T = TypeVar("T")

#: Yields a span, is sent its bytes (fewer only at the end of the file), and finally
#: returns a ``T``.
Asking = Generator[Span, bytes, T]

#: Returns the bytes of a span, fewer only at the end of the file.
Read = Callable[[Span], Awaitable[bytes]]


async def answered(asking: Asking[T], read: Read) -> T:
    """Run ``asking`` to its end, with bytes that ``read`` returns."""
    try:
        span = next(asking)
        while True:
            span = asking.send(await read(span))
    except StopIteration as done:
        result: T = done.value
        return result


def answered_by(head: bytes, asking: Asking[T]) -> T:
    """Run ``asking`` to its end, on a file of which only ``head`` is in memory."""
    try:
        span = next(asking)
        while True:
            span = asking.send(head[span.start : span.stop])
    except StopIteration as done:
        result: T = done.value
        return result
