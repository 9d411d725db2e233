"""`plg explain`."""

import asyncio

import msgspec

from plg.contract.routes import RouteReport, RouteRequest, RouteVerdict
from support.contract_bodies import game_detail
from support.inside import Inside
from support.local_server import Script, json_answer, problem_answer, serving
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer
from support.route_bodies import route_candidate, route_report


async def server_with(relays: dict[str, LoopbackRelay], report: RouteReport) -> Script:
    return Script(
        {
            "GET /v1/games/openarena": [json_answer(msgspec.json.encode(game_detail()))],
            "GET /v1/nodes": [json_answer(msgspec.json.encode(await LoopbackServer(relays).nodes()))],
            "POST /v1/routes": [json_answer(msgspec.json.encode(report))],
        }
    )


async def test_the_servers_order_is_checked_with_measurements_from_here(plg: Inside) -> None:
    """The server was told that "far" is 1 ms away; here it does not answer at all."""
    near, far = LoopbackRelay().open(), LoopbackRelay().open()
    report = route_report(
        route_candidate("far", client_ms=1, game_leg_ms=1, verdict=RouteVerdict.CHOSEN),
        route_candidate("near", client_ms=5, game_leg_ms=9, verdict=RouteVerdict.STANDBY),
    )
    script = await server_with({"near": near, "far": far}, report)
    far.close()
    with serving(script.app()) as url:
        done = await asyncio.to_thread(plg, "explain", "openarena", "--json", PLG_SERVER=url, PLG_TOKEN="abc")
    near.close()
    document = done.document()
    assert (document["chosen"], document["because"], document["overruled"]) == ("near", "own_measurement", "far")
    assert 0 < document["exits"][0]["own_ms"] < 200
    (asked,) = [seen for seen in script.seen if seen.path == "/v1/routes"]
    request = msgspec.json.decode(asked.body, type=RouteRequest)
    assert {entry.node_id for entry in request.measurements} == {"near", "far"}


def test_without_an_account_the_next_step_is_to_log_in(plg: Inside) -> None:
    script = Script(
        {
            "GET /v1/games/openarena": [json_answer(msgspec.json.encode(game_detail()))],
            "GET /v1/nodes": [json_answer(b'{"nodes":[]}')],
        }
    )
    with serving(script.app()) as url:
        done = plg("explain", "openarena", "--json", PLG_SERVER=url)
    assert (done.code, done.error()["code"], done.error()["next_step"]) == (4, "not_logged_in", "run: plg login")


def test_an_unknown_game_has_its_number_and_the_nearest_names(plg: Inside) -> None:
    refusal = problem_answer(404, "game_not_found", "unknown game 'openarna'", nearest=["openarena"])
    with serving(Script({"GET /v1/games/openarna": [refusal]}).app()) as url:
        done = plg("explain", "openarna", "--json", PLG_SERVER=url, PLG_TOKEN="abc")
    assert (done.code, done.error()["nearest"]) == (8, ["openarena"])


def test_a_target_that_is_no_address_is_a_usage_error(plg: Inside) -> None:
    done = plg("explain", "openarena", "--target", "nowhere", "--json", PLG_TOKEN="abc")
    assert (done.code, done.error()["code"]) == (2, "usage")


def test_a_game_over_tcp_only_is_said_to_be_one(plg: Inside) -> None:
    tcp = msgspec.structs.replace(game_detail(), boostable=False)
    with serving(Script({"GET /v1/games/openarena": [json_answer(msgspec.json.encode(tcp))]}).app()) as url:
        done = plg("explain", "openarena", "--json", PLG_SERVER=url, PLG_TOKEN="abc")
    assert (done.code, done.error()["code"]) == (1, "tcp_only")
