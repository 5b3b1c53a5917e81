"""How many files are asked for at once."""

from __future__ import annotations

import asyncio

import pytest

from mopidy_vozduxan.scanning import gate as gate_module
from mopidy_vozduxan.scanning.gate import CALM, HURRIED, PLAYING, Gate


async def most_inside(gate: Gate) -> int:
    """Send many through; how many were in it at once."""
    inside = most = 0

    async def go() -> None:
        nonlocal inside, most
        async with gate:
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(go() for _ in range(3 * HURRIED)))
    assert inside == 0
    return most


@pytest.mark.parametrize(
    ("hurry", "playing", "width"),
    [(True, False, HURRIED), (False, False, CALM), (True, True, PLAYING)],
)
def test_how_wide_it_opens(hurry: bool, playing: bool, width: int) -> None:
    async def test() -> None:
        gate = Gate(lambda: playing, hurry=hurry)
        assert await asyncio.wait_for(most_inside(gate), 30) == width

    asyncio.run(test())


def test_a_hurry_does_not_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "HURRY_S", 0.0)

    async def test() -> None:
        gate = Gate(lambda: False, hurry=True)
        assert await asyncio.wait_for(most_inside(gate), 30) == CALM

    asyncio.run(test())
