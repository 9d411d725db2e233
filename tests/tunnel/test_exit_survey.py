"""From the server's ranking to the order that a session is asked for."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from plg.api.errors import ServerMisbehaved, ServerUnreachable, UnreachableReason
from plg.contract.nodes import NodeGameLeg
from plg.contract.problem import ErrorCode
from plg.contract.routes import RouteReport, RouteRequest, RouteVerdict
from plg.tunnel.exit_choice import RankedExit
from plg.tunnel.exit_survey import ExitSurvey, trusted
from plg.tunnel.relay_survey import RelaySurvey, survey_relays
from support.loopback_relay import LoopbackRelay
from support.loopback_server import URL, LoopbackServer, refused
from support.route_bodies import route_candidate, route_report


def leg(rtt_ms: float | None, *, estimated: bool = False) -> NodeGameLeg:
    return NodeGameLeg(region="fra", rtt_ms=rtt_ms, loss_percent=0.0, estimated=estimated)


@pytest.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    relays = {name: LoopbackRelay(relay_id=50 + number).open() for number, name in enumerate(("near", "far"))}
    yield LoopbackServer(relays, legs={"near": leg(10.0), "far": leg(40.0)})
    for relay in relays.values():
        relay.close()


async def survey_of(server: LoopbackServer) -> RelaySurvey:
    return await survey_relays((await server.nodes()).nodes)


async def test_the_whole_way_decides_and_is_predicted_with_our_own_ping(server: LoopbackServer) -> None:
    plan = await ExitSurvey(server, "lab-game", None).plan(await survey_of(server))
    assert plan.exit_ids == ("near", "far")
    assert plan.predicted_ms is not None
    assert 10.0 < plan.predicted_ms < 100.0
    assert plan.leg == leg(10.0)


async def test_a_relay_that_lied_lately_is_passed_over_while_there_is_another(server: LoopbackServer) -> None:
    survey = await survey_of(server)
    plan = await ExitSurvey(server, "lab-game", None, distrusted=frozenset({"near"})).plan(survey)
    assert plan.exit_ids == ("far",)
    alone = await ExitSurvey(server, "lab-game", None, distrusted=frozenset({"near", "far"})).plan(survey)
    assert alone.exit_ids == ("near", "far")


async def test_a_server_that_praises_a_relay_which_does_not_answer_us_is_overruled(server: LoopbackServer) -> None:
    survey = await survey_of(server)
    server.relays["near"].close()
    assert (await ExitSurvey(server, "lab-game", None).plan(survey)).exit_ids == ("far",)


async def test_the_previous_exit_is_kept_unless_another_is_clearly_better(server: LoopbackServer) -> None:
    server.legs = {"near": leg(10.0), "far": leg(15.0)}
    plan = await ExitSurvey(server, "lab-game", None, previous="far").plan(await survey_of(server))
    assert plan.exit_ids == ("far", "near")
    assert plan.leg == leg(15.0)


async def test_a_way_with_an_unknown_part_predicts_nothing(server: LoopbackServer) -> None:
    server.legs = {}
    survey = await survey_of(server)
    assert (await ExitSurvey(server, "lab-game", None).plan(survey)).predicted_ms is None
    assert ExitSurvey(server, "lab-game", None).plan_for_node(survey, "near").predicted_ms is None
    assert ExitSurvey(server, "lab-game", None).plan_for_node(survey, "no-such").predicted_ms is None


@pytest.mark.parametrize("error", [refused(ErrorCode.NOT_FOUND), ServerMisbehaved(URL, 200, "no JSON")])
async def test_a_server_that_ranks_nothing_decides_alone(server: LoopbackServer, error: Exception) -> None:
    server.refuses["routes"] = error
    plan = await ExitSurvey(server, "lab-game", None).plan(await survey_of(server))
    assert plan.exit_ids == ()
    assert plan.predicted_ms is not None
    assert plan.leg == leg(10.0)


async def test_a_server_that_is_away_is_an_error(server: LoopbackServer) -> None:
    server.refuses["routes"] = ServerUnreachable(URL, UnreachableReason.REFUSED)
    survey = await survey_of(server)
    with pytest.raises(ServerUnreachable):
        await ExitSurvey(server, "lab-game", None).plan(survey)


async def test_a_named_relay_is_predicted_for_as_it_is(server: LoopbackServer) -> None:
    plan = ExitSurvey(server, "lab-game", None).plan_for_node(await survey_of(server), "far")
    assert plan.exit_ids == ()
    assert plan.predicted_ms is not None
    assert plan.predicted_ms > 40.0


async def test_without_any_relay_the_plan_is_empty() -> None:
    class Empty:
        async def routes(self, request: RouteRequest) -> RouteReport:
            await asyncio.sleep(0)
            return route_report(route_candidate("gone", verdict=RouteVerdict.NO_ANSWER))

    plan = await ExitSurvey(Empty(), "lab-game", None).plan(RelaySurvey(()))
    assert (plan.exit_ids, plan.predicted_ms, plan.leg) == ((), None, None)


def test_trust_is_only_withdrawn_where_something_is_left() -> None:
    near, far, full = RankedExit("near", 1, 1), RankedExit("far", 2, 1), RankedExit("full", None, 1)
    assert trusted([near, far, full], frozenset({"near"})) == [far, full]
    assert trusted([near, full], frozenset({"near"})) == [near, full]
