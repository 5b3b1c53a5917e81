"""The state of one swarm's departure from the session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from mopidy_vozduxan.engine.evicting import Eviction
from mopidy_vozduxan.planning.cuts import Cut


@dataclass(slots=True)
class Farewell:
    """A swarm that stays has not ``begun`` to leave."""

    begun: bool = False
    delete_data: bool = False
    eviction: Eviction | None = None  # the files that are to leave the disk
    cut: Cut | None = None  # what that means, once the state is known
    tries: int = 0  # attempts to save the whole state
    parting: bool = False  # the session is being told to remove it
    deleting: bool = False  # out of the session; its data is being deleted
    _done: asyncio.Future[None] | None = None  # ends when it has left
    #: Calls that came since it began to leave, to be made when it is out.
    _afterwards: list[Callable[[], None]] = field(default_factory=list)

    def ask(
        self, loop: asyncio.AbstractEventLoop, *, delete_data: bool
    ) -> asyncio.Future[None]:
        """Make the departure final; return a future that ends with it."""
        self._afterwards.clear()
        self.delete_data |= delete_data
        if self._done is None:
            self._done = loop.create_future()
        return self._done

    def evict(self, eviction: Eviction) -> None:
        """Have files leave the disk when the swarm is out of the session."""
        self.eviction = eviction

    def note(self, cut: Cut) -> None:
        """Note what the eviction takes away."""
        self.cut = cut

    def begin(self) -> None:
        """Begin to leave."""
        self.begun = True

    def try_to_save(self) -> None:
        """Count an attempt to save the whole state."""
        self.tries += 1

    def part(self) -> None:
        """Note that the session is told to remove the swarm."""
        self.parting = True

    def delete(self) -> None:
        """Note that the swarm is out of the session, and its data is being deleted."""
        self.deleting = True

    def then(self, call: Callable[[], None]) -> None:
        """Keep a call until the swarm has left."""
        self._afterwards.append(call)

    def finish(self, error: BaseException | None = None) -> None:
        """Report that the swarm has left, or what prevented it."""
        if self._done is None or self._done.done():
            return
        if error:
            self._done.set_exception(error)
        else:
            self._done.set_result(None)

    def go_on(self) -> None:
        """Make the calls that were kept. Raises what they raise."""
        for call in self._afterwards:
            call()

    def cancel(self) -> None:
        """Cancel the wait for the departure."""
        if self._done:
            self._done.cancel()
