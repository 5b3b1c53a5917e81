"""The swarms of a session, shared by everything that works on them.

Does not join or leave swarms; finds the swarm to which an alert belongs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.protocol import Event


class Members:
    """The swarms by infohash, including those that are leaving.

    ``loop`` is our event loop, ``emit`` reports an event to our side.
    """

    def __init__(
        self,
        session: Any,
        loop: asyncio.AbstractEventLoop,
        emit: Callable[[Event], None],
    ) -> None:
        self.session = session
        self.loop = loop
        self.emit = emit
        self._swarms: dict[str, JoinedSwarm] = {}
        self._empty = asyncio.Event()

    @property
    def swarms(self) -> Mapping[str, JoinedSwarm]:
        """All of them; a view that changes with them."""
        return MappingProxyType(self._swarms)

    def present(self, infohash: str) -> JoinedSwarm | None:
        """Return the swarm, unless it is leaving."""
        swarm = self._swarms.get(infohash)
        return swarm if swarm and not swarm.leaving else None

    def include(self, swarm: JoinedSwarm) -> bool:
        """Return whether the swarm is still in the session."""
        return self._swarms.get(swarm.infohash) is swarm

    def named(self, hashes: Any) -> JoinedSwarm | None:
        """Return the swarm of libtorrent's ``info_hash_t``, leaving or not."""
        # Metadata can add a v1 name to a torrent that we know by its v2 name.
        by_v1 = self._swarms.get(str(hashes.v1))
        return by_v1 or self._swarms.get(str(hashes.v2))

    def concerned(self, alert: Any, *, leaving: bool = False) -> JoinedSwarm | None:
        """Return the swarm of an alert; ``None`` for alerts of an earlier stay.

        A ``torrent_status`` has a handle, too. Swarms that are leaving count only with
        ``leaving``.
        """
        swarm = self.named(alert.handle.info_hashes())
        if swarm is None or swarm.handle is None or swarm.handle != alert.handle:
            return None
        return swarm if leaving or not swarm.leaving else None

    def add(self, swarm: JoinedSwarm) -> None:
        """Add a swarm that joins."""
        self._swarms[swarm.infohash] = swarm
        self._empty.clear()

    def drop(self, swarm: JoinedSwarm) -> None:
        """Remove a swarm that has left."""
        del self._swarms[swarm.infohash]
        if not self._swarms:
            self._empty.set()

    def drop_all(self) -> None:
        """Remove all swarms, whether they have left or not."""
        self._swarms.clear()

    async def wait_empty(self) -> None:
        """Wait until the last swarm has left."""
        if self._swarms:
            await self._empty.wait()

    def take_session(self) -> Any:
        """Return the session, and forget it."""
        session, self.session = self.session, None
        return session
