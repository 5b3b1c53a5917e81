"""Computations that ask for spans of a file, and read nothing themselves.

One walk through a file's parts then serves both a file that a swarm delivers
(:func:`answered`) and bytes that are here already (:func:`answered_by`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TypeVar

from mopidy_vozduxan.planning.spans import Span

T = TypeVar("T")

#: Yields the span it needs, is sent its bytes (fewer only at the file's end), and
#: returns a ``T``.
Asking = Generator[Span, bytes, T]

#: Returns the bytes of a span, fewer only at the file's end.
Read = Callable[[Span], Awaitable[bytes]]


async def answered(asking: Asking[T], read: Read) -> T:
    """Return what a computation returns when ``read`` answers it."""
    try:
        span = next(asking)
        while True:
            span = asking.send(await read(span))
    except StopIteration as done:
        result: T = done.value
        return result


def answered_by(head: bytes, asking: Asking[T]) -> T:
    """Return what a computation returns that sees only a file's first bytes."""
    try:
        span = next(asking)
        while True:
            span = asking.send(head[span.start : span.stop])
    except StopIteration as done:
        result: T = done.value
        return result
