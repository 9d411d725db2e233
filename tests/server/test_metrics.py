"""What Prometheus reads."""

import re

from support.api_driver import ApiDriver, StartServer

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


async def test_requests_are_counted_by_route_template_and_never_by_raw_path(start_server: StartServer) -> None:
    api: ApiDriver = await start_server()
    await api.get("/v1/games/some-game-that-is-not-there")
    await api.get("/surprise/../path")
    await api.call("BREW", "/coffee")
    text = (await api.get("/metrics")).text
    assert 'plg_server_requests_total{method="GET",route="/v1/games/{slug}",status="404"} 1.0' in text
    assert 'plg_server_refused_total{code="game_not_found"} 1.0' in text
    assert set(re.findall(r'route="(.*?)"', text)) <= {"/v1/games/{slug}", "(unknown)", "/metrics"}
    assert "BREW" not in text
    assert "surprise" not in text


async def test_both_text_formats_are_spoken(start_server: StartServer) -> None:
    api = await start_server()
    older = await api.get("/metrics")
    newer = await api.get("/metrics", headers=OPENMETRICS)
    assert older.headers["Content-Type"].startswith("text/plain")
    assert newer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert newer.text.endswith("# EOF\n")


async def test_two_servers_in_one_process_count_apart(start_server: StartServer) -> None:
    first, second = await start_server(), await start_server()
    await first.get("/nothing")
    assert "not_found" in (await first.get("/metrics")).text
    assert "not_found" not in (await second.get("/metrics")).text
