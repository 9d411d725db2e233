"""Each relay's way to a game as it is counted."""

from ipaddress import ip_address

import pytest

from plg_server.services.experience import Experience
from plg_server.services.game_catalog import build_catalog
from plg_server.services.game_files import parse_game_texts
from plg_server.services.game_legs import Destination, game_legs, leg_answer, mesh_of, region_legs
from plg_server.services.relay_state import RelayState, host_target, ping_target

GAME = build_catalog(
    parse_game_texts(
        [
            (
                "f",
                """
[[game]]
slug = "pong"
name = "Pong"
category = "sports"
[[game.region]]
code = "eu"
name = "Europe"
ping = [{ host = "eu.example", method = "icmp" }, { host = "eu2.example", method = "icmp" }]
cidrs = ["9.9.9.0/24"]
[[game.region]]
code = "us"
name = "America"
ping = [{ host = "us.example", method = "tcp", port = 443, proxy = true }]
cidrs = ["8.8.8.0/24"]
""",
            )
        ]
    )
).by_slug["pong"]
ANYWHERE = Destination(GAME)
SERVER = ip_address("9.9.9.7")
NAMES = {
    "eu": ping_target(GAME.detail.regions[0].ping[0]).target_id,
    "eu2": ping_target(GAME.detail.regions[0].ping[1]).target_id,
    "us": ping_target(GAME.detail.regions[1].ping[0]).target_id,
    "server": host_target(SERVER).target_id,
}


def measured(**results: float | None) -> RelayState:
    """A relay that says these figures; a name that is no target is that of another relay."""
    return RelayState(
        at_s=0.0, boot_id="", draining=False, sessions=0, max_sessions=1, loop_lag_ms=0.0,
        measured={NAMES.get(name, f"relay:{name}"): (rtt_ms, 0.0) for name, rtt_ms in results.items()},
    )  # fmt: skip


def test_the_way_to_a_game_is_that_to_its_nearest_region() -> None:
    legs = game_legs({"a": measured(eu=20.0, us=5.0), "b": measured(eu=3.0, us=5.0)}, ANYWHERE)
    assert (legs["a"].region, legs["a"].total_ms, legs["a"].estimated) == ("us", 5.0, True)
    assert (legs["b"].region, legs["b"].total_ms, legs["b"].estimated) == ("eu", 3.0, False)


def test_the_way_to_a_server_is_its_own_or_else_its_regions() -> None:
    states = {"own": measured(eu=20.0, server=18.0), "near": measured(eu=20.0, us=1.0)}
    legs = game_legs(states, Destination(GAME, (SERVER,)))
    assert (legs["own"].region, legs["own"].total_ms, legs["own"].estimated) == ("eu", 18.0, False)
    assert (legs["near"].region, legs["near"].total_ms, legs["near"].estimated) == ("eu", 20.0, True)
    assert (legs["own"].place, legs["near"].place) == ("pong eu", "pong eu")


def test_a_server_of_no_known_region_is_a_place_of_its_own() -> None:
    server = ip_address("7.7.7.7")
    state = RelayState(
        at_s=0.0, boot_id="", draining=False, sessions=0, max_sessions=1, loop_lag_ms=0.0,
        measured={host_target(server).target_id: (9.0, 0.0)},
    )  # fmt: skip
    assert game_legs({"a": state}, Destination(GAME, (server,)))["a"].place == "pong host:7.7.7.7"


def test_an_unmeasured_way_is_null_never_zero() -> None:
    assert game_legs({"a": measured()}, ANYWHERE)["a"].total_ms is None
    assert game_legs({"a": measured(eu=None)}, ANYWHERE)["a"].total_ms is None
    elsewhere = game_legs({"a": measured(us=1.0)}, Destination(GAME, (ip_address("7.7.7.7"),)))["a"]
    assert elsewhere.total_ms is None
    answer = leg_answer(elsewhere)
    assert (answer.rtt_ms, answer.loss_percent, answer.age_s) == (None, None, None)


def test_each_region_is_told_by_its_best_host() -> None:
    found = region_legs({"a": measured(eu=20.0, eu2=18.0, us=90.0), "b": measured(us=4.0), "c": measured()}, GAME)
    assert [(leg.region, leg.total_ms) for leg in found["a"]] == [("eu", 18.0), ("us", 90.0)]
    assert [(leg.region, leg.total_ms) for leg in found["b"]] == [("us", 4.0)]
    assert found["c"] == []


def test_a_claim_that_the_others_rule_out_is_replaced_and_said_to_be() -> None:
    honest = {name: measured(eu=10.0, liar=180.0) for name in ("a", "b", "c")}
    legs = game_legs({**honest, "liar": measured(eu=1.0, a=2.0, b=2.0, c=2.0)}, ANYWHERE)
    assert legs["liar"].doubted
    assert legs["liar"].claimed_ms == 1.0
    assert legs["liar"].total_ms == pytest.approx(180 * 0.8 - 10 * 1.2 - 5)
    assert not legs["a"].doubted


def test_what_players_found_at_the_same_place_comes_on_top() -> None:
    found = {"a": [Experience("me", "pong eu", measured_leg_ms=50.0, counted_leg_ms=10.0, age_s=0.0)]}
    leg = game_legs({"a": measured(eu=10.0)}, ANYWHERE, experiences=found, account_id="me")["a"]
    assert (leg.figure.rtt_ms, leg.bias_ms, leg.total_ms) == (10.0, 40.0, 50.0)
    assert leg_answer(leg).rtt_ms == 50.0
    (other,) = region_legs({"a": measured(us=10.0)}, GAME, experiences=found, account_id="me")["a"]
    assert other.bias_ms == 0.0


def test_the_mesh_is_made_of_what_relays_say_of_each_other() -> None:
    mesh = mesh_of({"a": measured(eu=1.0, b=7.0), "b": measured(a=9.0)})
    link = mesh.link("a", "b")
    assert link is not None
    assert link.rtt_ms == 9.0
    assert mesh.told("a", "eu") is None
