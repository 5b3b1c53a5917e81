from mopidy_vozduxan.planning.plan import Changes, Plan, Urgency, changes_between

NONE, IDLE, SOON, NOW = Urgency.NONE, Urgency.IDLE, Urgency.SOON, Urgency.NOW


def plan(*urgencies, due=None):
    return Plan(bytes(urgencies), due or {})


def test_equal_plans_differ_in_nothing():
    assert not changes_between(plan(NOW, IDLE), plan(NOW, IDLE), set())


def test_only_what_differs_is_sent():
    changes = changes_between(plan(NOW, IDLE, NONE), plan(NOW, SOON, NONE), set())
    assert changes == Changes(urgencies=((1, SOON),))


def test_a_deadline_that_hardly_moved_is_not_sent_again():
    old, new = plan(SOON, due={0: 5000}), plan(SOON, due={0: 5900})
    assert not changes_between(old, new, set())


def test_a_deadline_that_moved_is_sent_again():
    old, new = plan(SOON, due={0: 5000}), plan(SOON, due={0: 6000})
    assert changes_between(old, new, set()).due_ms == ((0, 6000),)


def test_a_piece_that_came_takes_its_deadline_with_it():
    old, new = plan(NOW, SOON, due={0: 0, 1: 9}), plan(NOW, SOON, due={1: 9})
    assert not changes_between(old, new, held={0})


def test_a_jump_forgets_all_deadlines_before_it_sets_new_ones():
    old = plan(NOW, SOON, NONE, due={0: 0, 1: 500})
    new = plan(NONE, NONE, NOW, due={2: 700})
    changes = changes_between(old, new, set())
    assert changes.forget_due
    assert changes.due_ms == ((2, 700),)


def test_a_jump_repeats_the_urgencies_that_forgetting_would_disturb():
    old = plan(SOON, SOON, due={0: 0, 1: 500})
    new = plan(SOON, SOON, due={1: 500})
    changes = changes_between(old, new, set())
    assert dict(changes.urgencies) == {0: SOON, 1: SOON}
    assert changes.due_ms == ((1, 500),)


def test_what_may_be_lost_is_sent_again_also_what_is_not_wanted_any_more():
    old = Plan(bytes([0, Urgency.NOW, Urgency.LATER, 0]), {1: 1_000})
    new = Plan(bytes([0, 0, Urgency.NOW, 0]), {2: 9_000})
    changes = changes_between(old.forgotten(), new, held={3})
    assert dict(changes.urgencies) == {0: 0, 1: 0, 2: Urgency.NOW}
    assert changes.forget_due
    assert changes.due_ms == ((2, 9_000),)
