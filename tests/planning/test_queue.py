import pytest

from mopidy_vozduxan.planning.queue import upcoming


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
        (2, {"single": True}, [2]),
        (1, {"single": True, "repeat": True}, [1]),
        (3, {"random": True}, [3, 2, 4]),
    ],
)
def test_what_comes_next(following, modes, expected):
    assert after(following, **modes) == expected
