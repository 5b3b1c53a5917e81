"""When a file counts as heard: when 10 s of it, or half of it, have sounded."""

from __future__ import annotations

from dataclasses import dataclass

HEARD_MS = 10_000
#: Positions come about once a second; a longer step is a seek, and did not sound.
LONGEST_STEP_MS = 5_000


@dataclass(frozen=True, slots=True)
class Hearing:
    """How much has sounded since a file began; ``heard`` says whether it counts."""

    position_ms: int = 0
    sounded_ms: int = 0
    heard: bool = False

    def moved(self, position_ms: int, length_ms: int) -> Hearing:
        """Return what follows from the position that sounds now.

        Back at the beginning, the file is heard once more.
        """
        step_ms = position_ms - self.position_ms
        if step_ms < 0 and position_ms <= LONGEST_STEP_MS:
            return Hearing(position_ms)
        sounded_ms = self.sounded_ms
        if 0 < step_ms <= LONGEST_STEP_MS:
            sounded_ms += step_ms
        heard = self.heard or sounded_ms >= min(HEARD_MS, length_ms / 2)
        return Hearing(position_ms, sounded_ms, heard)
