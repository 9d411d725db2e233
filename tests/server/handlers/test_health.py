"""/healthz, /readyz, /metrics. What happens when a part is gone: test_database.py, test_rate_limits.py."""

import pytest

from support.api_driver import ApiDriver, StartServer


async def test_a_server_with_all_its_parts_is_alive_and_ready(api: ApiDriver) -> None:
    assert (await api.get("/healthz")).json == {"status": "ok"}
    ready = await api.get("/readyz")
    assert (ready.status, ready.json) == (200, {"status": "ok", "database": "ok", "store": "ok"})


@pytest.mark.parametrize(
    ("settings", "headers", "status"),
    [
        ({}, {}, 200),
        ({"metrics_networks": ["192.0.2.0/24"]}, {}, 404),
        # A proxy that nobody configured: the request may come from anywhere.
        ({}, {"X-Forwarded-For": "198.51.100.1"}, 404),
        ({}, {"X-Forwarded-For": "127.0.0.1"}, 404),
        ({"trusted_proxies": ["127.0.0.1"]}, {"X-Forwarded-For": "198.51.100.1"}, 404),
        (
            {"trusted_proxies": ["127.0.0.1"], "metrics_networks": ["198.51.100.1"]},
            {"X-Forwarded-For": "198.51.100.1"},
            200,
        ),
    ],
)
async def test_metrics_are_for_the_configured_networks_only(
    start_server: StartServer, settings: dict[str, object], headers: dict[str, str], status: int
) -> None:
    api = await start_server(**settings)
    assert (await api.get("/metrics", headers=headers)).status == status
