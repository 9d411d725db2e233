"""`plg trace`. (Over real routers: tests/netns/test_measuring_commands and tests/probe/test_route_trace.)"""

import asyncio
from ipaddress import ip_address

import msgspec
import pytest

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.trace import cannot_trace, direct_host
from plg.contract.games import GameRegion, RegionPing
from plg.probe.route_trace import trace_methods
from support.contract_bodies import game_detail
from support.found_routes import found_routes
from support.inside import Inside
from support.local_server import Script, json_answer, serving
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer
from support.requirements import require_root
from support.route_bodies import route_candidate, route_report


async def test_the_direct_lane_ends_at_the_target_and_the_other_one_at_the_relay(plg: Inside) -> None:
    if not trace_methods():
        require_root()
    relay = LoopbackRelay().open()
    script = Script(
        {
            "GET /v1/games/openarena": [json_answer(msgspec.json.encode(game_detail()))],
            "GET /v1/nodes": [json_answer(msgspec.json.encode(await LoopbackServer({"near": relay}).nodes()))],
            "POST /v1/routes": [json_answer(msgspec.json.encode(route_report(route_candidate("near"))))],
        }
    )
    with serving(script.app()) as url:
        done = await asyncio.to_thread(
            plg, "trace", "openarena", "--target", "127.0.0.1:9", "--json", PLG_SERVER=url, PLG_TOKEN="abc"
        )
    relay.close()
    document = done.document()
    for lane in (document["direct"], document["boosted"]):
        assert (lane["reached"], [hop["address"] for hop in lane["hops"]]) == (True, ["127.0.0.1"])
    assert document["boosted"]["node_id"] == "near"


def test_without_a_target_the_direct_lane_ends_at_a_host_of_the_region() -> None:
    host = RegionPing(host="eu.example.org", method="icmp", port=None, proxy=False)
    game = msgspec.structs.replace(game_detail(), regions=[GameRegion(code="eu", name="Europe", ping=[host])])
    found = found_routes(route_candidate("fra1"))
    object.__setattr__(found, "game", game)
    assert direct_host(found) == "eu.example.org"
    object.__setattr__(found, "targets", ((ip_address("192.0.2.7"), 27960),))
    assert direct_host(found) == "192.0.2.7"


def test_a_game_whose_servers_are_not_known_needs_a_target() -> None:
    with pytest.raises(CliError) as caught:
        direct_host(found_routes(route_candidate("fra1")))
    assert (caught.value.code, "--target" in str(caught.value.next_step)) == ("target_needed", True)


def test_a_machine_that_cannot_trace_says_what_to_do() -> None:
    error = cannot_trace("tracing needs the right to open raw sockets (administrator or root)")
    assert (error.exit_code, error.code) == (ExitCode.NEEDS_PRIVILEGES, "trace_unavailable")
    assert "administrator" in str(error.next_step)


def test_a_method_that_does_not_exist_is_a_usage_error(plg: Inside) -> None:
    assert plg("trace", "openarena", "--method", "pigeon").code == 2
