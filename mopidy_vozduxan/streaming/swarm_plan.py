"""The plan that the engine carries out for one swarm, and its progress.

Lives on our event loop. Plans are made in ``planning``.
"""

from __future__ import annotations

from mopidy_vozduxan.planning.plan import Plan


class SwarmPlan:
    """``latest`` is the last plan that the engine got, if there is one."""

    def __init__(self) -> None:
        self.latest: Plan | None = None
        self._came = 0

    def __repr__(self) -> str:
        return f"{self.latest}, {self._came} came"

    @property
    def runs_out(self) -> bool:
        """Whether half of what the plan wanted has come, and a new one is due."""
        return self.latest is not None and self._came * 2 >= self.latest.missing

    def follow(self, plan: Plan | None) -> None:
        """Note the plan that the engine got."""
        self.latest, self._came = plan, 0

    def piece_came(self) -> None:
        """Count a piece that came since the plan was made."""
        self._came += 1

    def forget(self) -> None:
        """Note that the engine may have lost its plan."""
        if self.latest:
            self.latest = self.latest.forgotten()
