"""What was known of the DHT is known after a restart."""

from __future__ import annotations

import asyncio

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine import dht_state
from mopidy_vozduxan.engine.dht_state import DhtState
from tests.engine.conftest import LOOPBACK, TIMEOUT_S, Rig, on_loop
from tests.rig.dht import SETTINGS

DHT = LOOPBACK | SETTINGS | {"dht_bootstrap_nodes": ""}


def dht_node(host):
    """A node of the DHT; returns its session and its address."""
    session = lt.session(DHT | {"listen_interfaces": f"{host}:0", "alert_mask": 64})
    while not (port := session.listen_port()):
        session.wait_for_alert(1000)
        session.pop_alerts()
    return session, (host, port)


async def knows(rig, *introduced):
    """Wait until the engine knows a node of the DHT; its DHT starts in a while."""
    async with asyncio.timeout(TIMEOUT_S):
        while not dht_state._nodes(dht_state._state_of(rig.engine._session)):
            for address in introduced:
                rig.engine._session.add_dht_node(address)
            await asyncio.sleep(0.2)


@on_loop
async def test_a_restart_needs_no_bootstrap_server(tmp_path):
    node, address = dht_node("127.0.0.21")
    async with Rig(tmp_path, DHT) as rig:
        await knows(rig, address)
    assert (tmp_path / "resume" / "dht.state").exists()
    async with Rig(tmp_path, DHT) as rig:
        await knows(rig)
    del node


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"garbage",
        lambda data: data[:-7],
        lambda data: b"d9:dht statei1ee",
        lambda data: b"d9:dht stated5:nodesl6:abcdefi7ee8:node-idli1eeee",
        lambda data: b"d9:dht stated5:nodesi1eee",
        lambda data: bytes(len(data)),
    ],
)
@on_loop
async def test_a_damaged_file_is_ignored_with_a_sentence(tmp_path, caplog, damage):
    path = tmp_path / "resume" / "dht.state"
    path.parent.mkdir()
    path.write_bytes(damage(b"d9:dht stated5:nodesl6:abcdefeee"))
    async with Rig(tmp_path, DHT) as rig:
        assert rig.engine._session.is_dht_running()
    if b"abcdef" not in path.read_bytes():
        assert "Ignoring the unusable DHT file" in caplog.text


class Session:
    """A session whose DHT has the nodes that the test says."""

    def __init__(self):
        self.nodes = []

    def save_state(self, _):
        return {b"dht state": {b"nodes": self.nodes}} if self.nodes else {}


def nodes(*numbers):
    return [bytes([n] * 6) for n in numbers]


@on_loop
async def test_the_file_is_written_only_when_it_has_aged(tmp_path, monkeypatch):
    path = tmp_path / "dht.state"
    state, session = DhtState(path), Session()

    def look():
        path.unlink(missing_ok=True)
        state._save(session, state._has_aged)
        return path.exists()

    assert not look()  # nothing is known
    session.nodes = nodes(*range(8))
    assert look()
    assert not look()
    session.nodes = nodes(*range(4, 12))
    assert not look()  # half of them are still good
    session.nodes = nodes(*range(5, 13))
    assert look()
    await state.end(session)
    session.nodes = nodes(*range(5, 14))
    await state.end(session)
    assert path.exists()


@on_loop
async def test_no_room_for_the_file_is_no_fault(tmp_path, caplog):
    (tmp_path / "dht.new").mkdir()
    session = Session()
    session.nodes = nodes(1)
    await DhtState(tmp_path / "dht.state").end(session)
    assert "Cannot save" in caplog.text
