"""A relay's claim about its way to the game against what the other relays measure."""

import math
import random
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg_server.services.claim_check import check_claims, least_possible_ms
from plg_server.services.mesh import Mesh
from plg_server.services.path_score import Figure


def world(legs_ms: dict[str, float], links_ms: dict[tuple[str, str], float]) -> tuple[dict[str, Figure], Mesh]:
    """Claims and a mesh in which each end says the given figure; a pair that is named once counts both ways."""
    told: dict[str, dict[str, Figure]] = {}
    for (a, b), ms in links_ms.items():
        told.setdefault(a, {})[b] = Figure(ms)
        if (b, a) not in links_ms:
            told.setdefault(b, {})[a] = Figure(ms)
    return {name: Figure(ms) for name, ms in legs_ms.items()}, Mesh(told)


FLOOR_MS = 180 * 0.8 - 10 * 1.2 - 5


def far_liar(claim_ms: float = 3.0, **own_word: float) -> tuple[dict[str, Figure], Mesh]:
    """Four relays 10 ms from the game, and one 180 ms away from them all."""
    honest = [f"r{number}" for number in range(4)]
    links = {(name, "liar"): 180.0 for name in honest} | dict.fromkeys(permutations(honest, 2), 12.0)
    links |= {("liar", name): own_word.get("says_ms", 180.0) for name in honest}
    return world({**dict.fromkeys(honest, 10.0), "liar": claim_ms}, links)


def test_a_far_relay_that_claims_to_be_near_is_counted_as_far_and_flagged() -> None:
    checked = check_claims(*far_liar())
    assert checked["liar"].doubted
    assert (checked["liar"].claimed_ms, checked["liar"].figure.rtt_ms) == (3.0, FLOOR_MS)
    assert not any(checked[f"r{number}"].doubted for number in range(4))


def test_lying_about_the_mesh_as_well_helps_nothing() -> None:
    for says_ms in (0.0, 1.0, 12.0, 180.0, 1000.0):
        checked = check_claims(*far_liar(says_ms=says_ms))["liar"]
        assert checked.doubted
        assert checked.figure.rtt_ms is not None
        assert checked.figure.rtt_ms >= FLOOR_MS


def test_a_relay_near_the_witnesses_cannot_be_nearer_to_a_far_game_than_they_nearly_are() -> None:
    honest = ["a", "b", "c"]
    links = {(name, "liar"): 5.0 for name in honest}
    checked = check_claims(*world({**dict.fromkeys(honest, 100.0), "liar": 2.0}, links))["liar"]
    assert checked.figure.rtt_ms == 100 * 0.8 - 5 * 1.2 - 5
    moved_away = {(name, "liar"): 5.0 for name in honest} | {("liar", name): 99.0 for name in honest}
    again = check_claims(*world({**dict.fromkeys(honest, 100.0), "liar": 2.0}, moved_away))["liar"]
    assert again.figure.rtt_ms == 100 * 0.8 - 5 * 1.2 - 5, "its own long figure does not take the bound away"


def test_two_witnesses_prove_nothing() -> None:
    claims, mesh = far_liar()
    two = {name: claims[name] for name in ("r0", "r1", "liar")}
    assert check_claims(two, mesh)["liar"].figure.rtt_ms == 3.0


def test_a_claim_within_what_detours_explain_stands() -> None:
    checked = check_claims(*far_liar(claim_ms=140.0))["liar"]
    assert (checked.doubted, checked.figure.rtt_ms, checked.claimed_ms) == (False, 140.0, 140.0)


def test_silence_is_no_claim() -> None:
    claims, mesh = far_liar()
    checked = check_claims({**claims, "liar": Figure(None, 100.0)}, mesh)["liar"]
    assert (checked.figure.rtt_ms, checked.doubted, checked.claimed_ms) == (None, False, None)


def test_the_percentile_moves_with_the_figure() -> None:
    claims, mesh = far_liar()
    checked = check_claims({**claims, "liar": Figure(3.0, 0.5, 4.0, 7.0)}, mesh)["liar"].figure
    assert (checked.spread_ms, checked.loss_percent, checked.age_s) == (1.0, 0.5, 7.0)


def test_one_liar_cannot_bring_an_honest_relay_into_doubt() -> None:
    honest = [f"r{number}" for number in range(4)]
    links = dict.fromkeys(permutations(honest, 2), 12.0) | {("liar", name): 900.0 for name in honest}
    checked = check_claims(*world({**dict.fromkeys(honest, 10.0), "liar": 0.0}, links))
    assert not any(checked[name].doubted for name in honest)


@given(
    st.lists(st.floats(0, 300), min_size=3, max_size=8),
    st.lists(st.floats(0, 300), min_size=3, max_size=8),
    st.floats(0, 300),
    st.floats(0, 300),
    st.floats(0, 300),
)
def test_whatever_the_relay_says_it_can_only_raise_its_own_bound(
    legs: list[float], links: list[float], claim_ms: float, says_ms: float, says_more_ms: float
) -> None:
    count = min(len(legs), len(links))
    witnesses = {f"w{number}": {"liar": Figure(links[number])} for number in range(count)}
    claims = {f"w{number}": Figure(legs[number]) for number in range(count)}

    def floor_ms(claim: float, says: float | None) -> float:
        own = {} if says is None else {"liar": {name: Figure(says) for name in witnesses}}
        return least_possible_ms("liar", {**claims, "liar": Figure(claim)}, Mesh({**witnesses, **own}))

    silent = floor_ms(claim_ms, None)
    assert floor_ms(claim_ms, says_ms) >= silent
    assert floor_ms(claim_ms + 1, says_ms) == floor_ms(claim_ms, says_ms)
    assert floor_ms(claim_ms, says_ms + says_more_ms) >= floor_ms(claim_ms, says_ms)


@given(st.floats(0, 300), st.floats(0, 100))
def test_a_higher_claim_is_never_counted_lower(claim_ms: float, more_ms: float) -> None:
    counted = []
    for ms in (claim_ms, claim_ms + more_ms):
        figure = check_claims(*far_liar(claim_ms=ms))["liar"].figure.rtt_ms
        assert figure is not None
        counted.append(figure)
    assert counted[1] >= counted[0]


@pytest.mark.parametrize("seed", range(5))
def test_honest_relays_with_the_internets_detours_are_rarely_corrected_and_only_a_little(seed: int) -> None:
    dice = random.Random(seed)
    places = {f"r{number}": (dice.uniform(0, 100), dice.uniform(0, 60)) for number in range(20)}

    def way_ms(a: tuple[float, float], b: tuple[float, float]) -> float:
        return 1.0 + math.dist(a, b) * 1.4 * dice.lognormvariate(0.1, 0.25)

    links = {(a, b): way_ms(places[a], places[b]) for a in places for b in places if a < b}
    corrected = []
    for _ in range(10):
        game = (dice.uniform(0, 100), dice.uniform(0, 60))
        legs = {name: way_ms(place, game) for name, place in places.items()}
        checked = check_claims(*world(legs, links))
        corrected += [(checked[name].figure.rtt_ms or 0.0) - ms for name, ms in legs.items()]
    assert sum(found > 0 for found in corrected) <= len(corrected) * 0.05
    assert max(corrected) < 15.0
