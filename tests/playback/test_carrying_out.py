"""Nothing that planning may want is left undone."""

from typing import get_args

import pytest

from mopidy_vozduxan.planning.following.orders import Order
from mopidy_vozduxan.planning.following.questions import Question
from mopidy_vozduxan.playback.asking import Asking
from mopidy_vozduxan.playback.carrying_out import CarryingOut


@pytest.mark.parametrize(
    ("actor", "method", "kinds"),
    [(CarryingOut, "carry_out", Order), (Asking, "answer", Question)],
)
def test_there_is_a_way_for_each(actor, method, kinds):
    known = vars(actor)[method].dispatcher.registry
    assert set(get_args(kinds)) == known.keys() - {object}
