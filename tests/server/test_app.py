"""The application as a whole: it starts, closes what it opened, and says why it cannot start."""

import threading
from pathlib import Path

import pytest
from aiohttp import web

from plg_server import app_keys
from plg_server.app import all_routes, create_app
from plg_server.config import ConfigError, load_config
from plg_server.routes import Auth
from support.api_driver import PASSWORD, StartServer
from support.services import free_port


async def test_two_servers_in_one_process_do_not_share_a_thing(start_server: StartServer, tmp_path: Path) -> None:
    first = await start_server(data_dir=str(tmp_path / "first"))
    second = await start_server(data_dir=str(tmp_path / "second"))
    await first.register()
    unknown = await second.post("/v1/auth/login", {"email": "player@example.org", "password": PASSWORD})
    assert unknown.code == "bad_credentials"
    await second.register()


@pytest.mark.services
async def test_replicas_on_one_database_know_the_same_accounts(
    start_server: StartServer, backend: dict[str, object]
) -> None:
    first, second = await start_server(**backend), await start_server(**backend)
    token = await first.signed_in()
    assert (await second.get("/v1/me", token)).status == 200


async def test_a_store_that_is_away_does_not_stop_the_start_and_is_told(
    start_server: StartServer, logs: list[dict[str, object]]
) -> None:
    api = await start_server(store_url=f"redis://127.0.0.1:{free_port()}/0")
    assert [entry["log_level"] for entry in logs if entry["event"] == "store_unavailable"] == ["warning"]
    assert (await api.get("/readyz")).json == {"status": "unavailable", "database": "ok", "store": "unavailable"}


async def test_when_it_ends_no_thread_is_left(tmp_path: Path) -> None:
    before = threading.active_count()
    app = create_app(load_config(None, {}, {"data_dir": str(tmp_path / "data")}))
    runner = web.AppRunner(app)
    await runner.setup()
    assert app[app_keys.DATABASE].is_sqlite
    assert threading.active_count() > before
    await runner.cleanup()
    ours = [
        thread
        for thread in threading.enumerate()
        if thread.name.startswith(("argon2", "plg-lookup")) or "_connection_worker" in thread.name
    ]
    for thread in ours:
        # aiosqlite's thread answers the close first and ends a moment later.
        thread.join(5)
    assert [thread.name for thread in ours if thread.is_alive()] == []


async def test_what_was_opened_is_closed_when_a_later_part_cannot_start(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "token.key").write_bytes(b"short")
    app = create_app(load_config(None, {}, {"data_dir": str(tmp_path / "data")}))
    with pytest.raises(ConfigError, match=r"token\.key"):
        await web.AppRunner(app).setup()


def test_a_route_that_nobody_can_check_stops_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert any(route.auth is Auth.RELAY for route in all_routes())
    monkeypatch.setattr("plg_server.app.authenticators", dict)
    with pytest.raises(TypeError, match="nobody can check"):
        create_app(load_config(None, {}, {"data_dir": str(tmp_path)}))
