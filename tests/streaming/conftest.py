import asyncio

import pytest


@pytest.fixture
def run():
    """Run a coroutine function in a loop of its own."""
    return lambda test: asyncio.run(asyncio.wait_for(test(), 30))
