"""What players measured end to end corrects what relays claim."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg_server.services.experience import (
    FORGOTTEN_AFTER_S,
    HALF_LIFE_S,
    LAST_OF_ACCOUNT,
    MAX_BIAS_MS,
    Experience,
    bias_ms,
)

HERE = "cs2 eu"


def found(
    account: str, leg_ms: float, *, counted_ms: float = 10.0, place: str = HERE, age_s: float = 0.0
) -> Experience:
    return Experience(account, place, leg_ms, counted_ms, age_s)


def bias(*experiences: Experience, counted_ms: float = 10.0, account: str = "me") -> float:
    return bias_ms(counted_ms, HERE, experiences, account)


def test_without_experience_the_claim_stands() -> None:
    assert bias() == 0.0


def test_my_own_experience_counts_for_me_at_once() -> None:
    assert bias(found("me", 60.0)) == 50.0
    assert bias(found("me", 60.0), account="you") == 0.0


def test_for_others_two_accounts_are_needed_and_the_lower_of_two_counts() -> None:
    assert bias(found("a", 60.0), found("b", 40.0)) == 30.0
    assert bias(found("a", 500.0), found("b", 10.0)) == 0.0, "one alone cannot slander"
    assert bias(found("a", 500.0), found("a", 500.0), found("a", 500.0)) == 0.0


def test_one_account_with_many_sessions_is_one_witness() -> None:
    crowd = [found("a", 500.0, age_s=float(number)) for number in range(50)]
    assert bias(*crowd, found("b", 20.0), found("c", 22.0)) == 12.0


def test_my_own_experience_wins_over_that_of_all_others() -> None:
    others = [found(f"a{number}", 100.0) for number in range(9)]
    assert bias(*others, found("me", 14.0)) == 4.0
    assert bias(*others, found("me", 8.0)) == 0.0


def test_only_the_newest_few_of_an_account_count() -> None:
    old = [found("me", 90.0, age_s=100.0 + number) for number in range(20)]
    new = [found("me", 30.0, age_s=float(number)) for number in range(LAST_OF_ACCOUNT)]
    assert bias(*old, *new) == 20.0


def test_claiming_less_wins_nothing() -> None:
    """The leg as players found it is what counts, whatever the relay claims below it now."""
    experiences = [found("a", 60.0), found("b", 60.0)]
    assert [claim + bias(*experiences, counted_ms=claim) for claim in (1.0, 10.0, 59.0)] == [60.0, 60.0, 60.0]
    assert bias(*experiences, counted_ms=60.0) == 0.0, "an honest claim is not punished for a former one"


def test_a_relay_that_lies_about_one_place_is_doubted_at_others() -> None:
    elsewhere = [found("a", 70.0, place="cs2 us"), found("b", 50.0, place="cs2 asia")]
    assert bias(*elsewhere) == 40.0
    assert bias(elsewhere[0]) == 0.0
    assert bias(*elsewhere, found("me", 12.0)) == 2.0, "what I found here is nearer to the point"


def test_experience_fades_and_is_forgotten() -> None:
    assert bias(found("me", 60.0, age_s=HALF_LIFE_S)) == pytest.approx(25.0)
    assert bias(found("me", 60.0, age_s=FORGOTTEN_AFTER_S)) == 0.0
    assert bias(found("a", 60.0, age_s=HALF_LIFE_S), found("b", 60.0, age_s=2 * HALF_LIFE_S)) == pytest.approx(25.0)


def test_the_bias_is_bounded() -> None:
    assert bias(found("me", 2000.0)) == MAX_BIAS_MS
    assert bias(found("me", 0.0)) == 0.0


EXPERIENCES = st.lists(
    st.builds(
        Experience,
        st.sampled_from(["me", "a", "b", "c"]),
        st.sampled_from([HERE, "cs2 us"]),
        st.floats(0, 2000),
        st.floats(0, 300),
        st.floats(0, 2 * FORGOTTEN_AFTER_S),
    ),
    max_size=20,
)


@given(EXPERIENCES, st.floats(0, 300), st.floats(0, 100))
def test_a_higher_claim_is_never_counted_lower_with_its_bias(
    experiences: list[Experience], claim_ms: float, more_ms: float
) -> None:
    before = claim_ms + bias(*experiences, counted_ms=claim_ms)
    after = claim_ms + more_ms + bias(*experiences, counted_ms=claim_ms + more_ms)
    assert after >= before - 1e-9
    assert 0 <= bias(*experiences, counted_ms=claim_ms) <= MAX_BIAS_MS


@given(EXPERIENCES, st.randoms(use_true_random=False))
def test_the_order_of_what_was_found_changes_nothing(experiences: list[Experience], random: object) -> None:
    shuffled = list(experiences)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert bias(*shuffled) == pytest.approx(bias(*experiences))
