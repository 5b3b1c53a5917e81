import pytest

from mopidy_vozduxan.planning.patience import Grudges, Verdict, judge, looks_every_s


@pytest.mark.parametrize(
    ("waited", "verdict"),
    [
        (1, Verdict.WAIT),
        (3, Verdict.SAY_SO),
        (5, Verdict.REARM),
        (6, Verdict.SAY_SO),
        (10, Verdict.REARM),
        (20, Verdict.GIVE_UP),
    ],
)
def test_a_wait_without_progress(waited, verdict):
    assert judge(100, 0, 100 + waited, patience=20) is verdict


def test_a_slow_swarm_is_not_given_up():
    assert judge(100, 190, 200, patience=20) is not Verdict.GIVE_UP


def test_a_grudge_ends_with_time():
    grudges = Grudges(60)
    error = ValueError()
    grudges.hold("a", error, now=100)
    assert grudges.against("a", 0, now=159) is error
    assert grudges.against("a", 0, now=160) is None


def test_a_grudge_ends_when_the_swarm_lives():
    grudges = Grudges(60)
    grudges.hold("a", ValueError(), now=100)
    assert grudges.against("a", progressed_at=101, now=102) is None


def test_a_grudge_can_be_forgotten():
    grudges = Grudges(60)
    grudges.hold("a", ValueError(), now=100)
    assert grudges.forget("a") is True
    assert grudges.forget("a") is False
    assert grudges.against("a", 0, now=101) is None


@pytest.mark.parametrize(("patience", "seconds"), [(5, 1), (20, 4), (3600, 300)])
def test_how_often_peers_are_looked_for(patience, seconds):
    assert looks_every_s(patience) == seconds


def test_there_is_no_grudge_against_strangers():
    assert Grudges(60).against("a", 0, now=0) is None
