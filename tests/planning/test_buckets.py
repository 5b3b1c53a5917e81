from mopidy_vozduxan.planning.buckets import Buckets


def test_a_token_moves_when_it_is_promoted():
    before = Buckets(current="a", prefetch="b", warm="c")
    after, orphans = before.put("current", "b")
    assert after == Buckets(current="b", warm="c")
    assert orphans == ("a",)


def test_what_was_in_the_bucket_is_orphaned():
    assert Buckets(prefetch="b").put("prefetch", "x") == (Buckets(prefetch="x"), ("b",))


def test_putting_a_token_where_it_is_changes_nothing():
    buckets = Buckets(current="a")
    assert buckets.put("current", "a") == (buckets, ())


def test_taking_out_an_unknown_token_changes_nothing():
    assert Buckets(current="a").without("z") == Buckets(current="a")


def test_tokens_come_by_importance():
    assert Buckets(warm="c", current="a").tokens() == ("a", "c")
