from mopidy_vozduxan.planning.plan import Changes, Plan, Urgency, changes_between

NONE, IDLE, SOON, NOW = Urgency.NONE, Urgency.IDLE, Urgency.SOON, Urgency.NOW


def plan(*urgencies, hurried=()):
    return Plan(bytes(urgencies), frozenset(hurried))


def test_equal_plans_differ_in_nothing():
    assert not changes_between(plan(NOW, IDLE), plan(NOW, IDLE), set())


def test_only_what_differs_is_sent():
    changes = changes_between(plan(NOW, IDLE, NONE), plan(NOW, SOON, NONE), set())
    assert changes == Changes(urgencies=((1, SOON),))


def test_a_piece_that_was_hurried_before_is_not_sent_again():
    assert not changes_between(plan(NOW, hurried={0}), plan(NOW, hurried={0}), set())


def test_a_hurried_piece_that_came_leaves_the_others_alone():
    old, new = plan(NOW, SOON, hurried={0, 1}), plan(NOW, SOON, hurried={1})
    assert not changes_between(old, new, held={0})


def test_a_jump_forgets_what_was_hurried_before_it_hurries_something_else():
    old = plan(NOW, SOON, NONE, hurried={0, 1})
    new = plan(NONE, NONE, NOW, hurried={2})
    changes = changes_between(old, new, set())
    assert changes.unhurried
    assert changes.hurried == (2,)


def test_a_jump_repeats_the_urgencies_that_forgetting_would_disturb():
    old = plan(SOON, SOON, hurried={0, 1})
    new = plan(SOON, SOON, hurried={1})
    changes = changes_between(old, new, set())
    assert dict(changes.urgencies) == {0: SOON, 1: SOON}
    assert changes.hurried == (1,)


def test_what_may_be_lost_is_sent_again_also_what_is_not_wanted_any_more():
    old = plan(0, NOW, Urgency.LATER, 0, hurried={1})
    new = plan(0, 0, NOW, 0, hurried={2})
    changes = changes_between(old.forgotten(), new, held={3})
    assert dict(changes.urgencies) == {0: 0, 1: 0, 2: NOW}
    assert changes.unhurried
    assert changes.hurried == (2,)
