"""Token buckets and buckets per source."""

from hypothesis import given
from hypothesis import strategies as st

from plg_relay.limits import SourceBuckets, TokenBucket, source_prefix


@given(
    rate=st.floats(0.1, 1000),
    burst=st.floats(1, 100),
    steps=st.lists(st.tuples(st.floats(0, 2), st.floats(0.1, 5)), max_size=60),
)
def test_a_bucket_never_lets_more_pass_than_burst_plus_rate_times_time(
    rate: float, burst: float, steps: list[tuple[float, float]]
) -> None:
    now, passed = 0.0, 0.0
    bucket = TokenBucket(rate, burst, now)
    for pause, amount in steps:
        now += pause
        passed += amount * bucket.take(amount, now)
        assert passed <= burst + rate * now + 1e-6


def test_a_refusal_costs_nothing() -> None:
    bucket = TokenBucket(1.0, 2.0, 0.0)
    assert not bucket.take(3.0, 0.0)
    assert bucket.take(2.0, 0.0)
    assert not bucket.is_full(1.0)
    assert bucket.is_full(2.0)


def test_sources_do_not_pay_for_each_other() -> None:
    buckets = SourceBuckets(20, 5)
    assert [buckets.take("192.0.2.1", 0.0) for _ in range(6)] == [True] * 5 + [False]
    assert buckets.take("192.0.2.2", 0.0)


def test_a_flood_of_new_sources_finds_a_bounded_table() -> None:
    buckets = SourceBuckets(20, 5, max_sources=100)
    accepted = sum(buckets.take(f"source-{number}", 0.0) for number in range(10_000))
    assert (accepted, len(buckets)) == (100, 100)


def test_the_table_opens_again_when_its_sources_have_been_quiet() -> None:
    buckets = SourceBuckets(20, 5, max_sources=2)
    buckets.take("a", 0.0)
    buckets.take("b", 0.0)
    assert not buckets.take("c", 0.0)
    assert buckets.take("c", 5.0)
    assert len(buckets) == 1


def test_ipv6_counts_by_64_bits_and_mapped_ipv4_as_ipv4() -> None:
    assert source_prefix("192.0.2.7") == "192.0.2.7"
    assert source_prefix("2001:db8:1:2:3:4:5:6") == source_prefix("2001:db8:1:2::9")
    assert source_prefix("2001:db8:1:3::9") != source_prefix("2001:db8:1:2::9")
    assert source_prefix("::ffff:192.0.2.7") == "192.0.2.7"
    assert source_prefix("fe80::1%eth0") == source_prefix("fe80::2")
