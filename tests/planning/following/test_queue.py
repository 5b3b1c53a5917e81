import pytest

from mopidy_vozduxan.planning.following.queue import sure, upcoming


def after(following, **modes):
    flags = {"repeat": False, "single": False, "random": False} | modes
    return upcoming([1, 2, 3, 4], following, current=1, most=3, **flags)


@pytest.mark.parametrize(
    ("following", "modes", "expected"),
    [
        (2, {}, [2, 3, 4]),
        (4, {}, [4]),
        (None, {}, []),
        (99, {}, []),
        (4, {"repeat": True}, [4, 2, 3]),
        (2, {"single": True}, [2, 3, 4]),
        (2, {"single": True, "repeat": True}, [1, 2, 3]),
        (None, {"single": True, "repeat": True}, [1]),
        (3, {"single": True, "random": True}, [3, 2, 4]),
        (3, {"random": True}, [3, 2, 4]),
    ],
)
def test_what_comes_next(following, modes, expected):
    assert after(following, **modes) == expected


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ({}, 2),
        ({"random": True}, 1),
        ({"single": True}, 0),
        ({"single": True, "repeat": True}, 1),
    ],
)
def test_what_is_sure_to_be_played(modes, expected):
    flags = {"repeat": False, "single": False, "random": False} | modes
    assert sure(2, **flags) == expected
    assert sure(0, **flags) == 0
