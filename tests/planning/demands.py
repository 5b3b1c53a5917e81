"""Demands on pieces of 100 bytes and music of 100 bytes/s: a piece a second."""

from mopidy_vozduxan.planning.demand import Demand, Role, SwarmView
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.planning.sharing import plans
from mopidy_vozduxan.planning.spans import PieceMap
from mopidy_vozduxan.planning.tiers import Tiers

NONE, ANCHOR, IDLE, LATER, SOON, NOW = Urgency
ALBUM = 400  # pieces: track 1 has 0-199, track 2 has 200-399
TRACK_1 = PieceMap(0, 20_000, 100)
TRACK_2 = PieceMap(20_000, 20_000, 100)


def demand(*heads, role=Role.CURRENT, pieces=TRACK_1, swarm="s", **more):
    return Demand(swarm, role, pieces, byte_rate=100.0, heads=heads, **more)


def plan_of(*demands, held=(), tiers=Tiers(), peers=4, **swarms):
    views = {"s": SwarmView(ALBUM, frozenset(held), peers=peers)} | swarms
    return plans(demands, views, tiers)["s"]


def wanted(plan, urgency):
    return [p for p, u in enumerate(plan.urgencies) if u == urgency]
