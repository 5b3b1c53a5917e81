"""What the tables of this folder have in common: URIs, states, and short forms."""

from __future__ import annotations

from dataclasses import replace

from mopidy_vozduxan.planning.following.state import Event, Given, Settings, State

ONE, TWO, THREE = (f"vozduxan:track:{'ab' * 20}:{n}" for n in range(3))
FOREIGN = "file:///song.mp3"
PATIENCE_S = 20.0

REST = State(Settings(prefetch_tracks=2, patience_s=PATIENCE_S))
#: A start that waits for its swarm, as core was stopped before.
WAITS = replace(REST, core="playing", token="A", starting=ONE, starts=1)
#: A track of ours sounds, from the first minute of its stream on.
PLAYS = replace(
    REST,
    core="playing",
    token="A",
    start_ms=60_000,
    sounding=True,
    heard=ONE,
    starts=1,
    tells_positions=True,
)
GIVEN = Given(1, "A", ONE, 60_000)
#: The next track was given to the player, without a gap.
GIVEN_NEXT = Given(1, "B", TWO, 0)
#: A start was made that we have not been told of yet.
GIVEN_ANEW = Given(2, "B", TWO, 0)


def follow(state: State, *events: Event) -> tuple[State, tuple[object, ...]]:
    """Return the state after all events, and what the last one has to be done."""
    tasks: tuple[object, ...] = ()
    for event in events:
        state, tasks = event.follow(state)
    return state, tasks
