"""The report's own bounds; what stands in it is tested over HTTP (`handlers/test_routes_to_games`)."""

from plg_server import app_keys
from plg_server.services.route_reports import EXITS_WITH_TRANSITS, TRANSITS_SHOWN
from support.api_driver import ApiDriver
from support.member_relay import relay_fleet


async def test_with_many_relays_only_the_first_exits_tell_their_transits_and_only_the_best(api: ApiDriver) -> None:
    access = await api.signed_in()
    names = {f"r{number:02}": 10.0 + number for number in range(EXITS_WITH_TRANSITS + 3)}
    fleet = await relay_fleet(api, **names)
    body = {"game": "cs2", "measurements": fleet.measurements}

    report = (await api.post("/v1/routes", body, access)).json

    shown = [len(entry["transits"]) for entry in report["candidates"]]
    assert shown == [TRANSITS_SHOWN] * EXITS_WITH_TRANSITS + [0] * 3
    verdicts = [transit["verdict"] for transit in report["candidates"][0]["transits"]]
    assert verdicts[:2] == ["chosen", "chosen"]
    assert "chosen" not in verdicts[2:]


async def test_the_game_is_measured_from_then_on(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10)
    assert (await fleet["a"].beat())["probe_targets"] == []
    await api.post("/v1/routes", {"game": "cs2"}, access)
    assert (await fleet["a"].beat())["probe_targets"]
    assert app_keys.ROUTES_TO_GAMES in api.app
