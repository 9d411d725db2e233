"""/v1/admin/stats over HTTP. What is counted: services/test_admin_stats.py."""

from support.api_driver import StartServer
from support.callers import signed_in_as


async def test_operators_see_the_figures_and_players_do_not(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    for role, status in (("player", 403), ("support", 200), ("admin", 200)):
        caller = await signed_in_as(api, role)
        assert (await api.get("/v1/admin/stats", caller.access_token)).status == status, role
