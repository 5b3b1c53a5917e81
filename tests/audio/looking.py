"""Runs a reader of the package on bytes, and counts what it looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from mopidy_vozduxan.audio.answering import Asking

T = TypeVar("T")


@dataclass
class Looked(Generic[T]):
    """What a reader returned, how often it looked, and at how many bytes."""

    found: T
    looks: int
    size: int


def looked(data: bytes, asking: Asking[T]) -> Looked[T]:
    """Run ``asking`` on a file of ``data``."""
    looks = size = 0
    try:
        span = next(asking)
        while True:
            looks += 1
            part = data[span.start : span.stop]
            size += len(part)
            span = asking.send(part)
    except StopIteration as done:
        return Looked(done.value, looks, size)
