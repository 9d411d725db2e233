"""Operators' changes of games: on every replica, over restarts and new versions of the files, never half."""

from pathlib import Path
from typing import Any

import pytest

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.audit import AuditEntry
from plg_server.models.game_overrides import GameOverride, GameOverridesVersion
from plg_server.problems import ApiError
from plg_server.services import game_overrides
from plg_server.services.audit import MACHINE
from plg_server.services.game_overrides import GameOverrides, Games, Tables
from support.api_driver import ApiDriver, StartServer

EDIT = '[[game]]\nslug = "cs2"\nname = "{name}"\n'
OWN = '[[game]]\nslug = "pong"\nname = "Pong"\ncategory = "fps"\nudp = ["5000"]\nserver_cidrs = ["9.9.9.0/24"]\n'


def overrides_of(api: ApiDriver) -> GameOverrides:
    """One replica's."""
    return api.app[app_keys.GAME_OVERRIDES]


async def change(api: ApiDriver, tables: Tables, *, dry_run: bool = False) -> tuple[Games, Games]:
    """Write these rows as the operator at the machine."""
    with api.app[app_keys.DATABASE].active():
        return await overrides_of(api).change(
            lambda _: tables, MACHINE, "games.edit", lambda _before, _after: {}, dry_run=dry_run
        )


async def look(api: ApiDriver) -> bool:
    """What the periodic job does."""
    with api.app[app_keys.DATABASE].active():
        return await overrides_of(api).look()


async def name_of(api: ApiDriver, slug: str = "cs2") -> Any:
    """As players see it."""
    reply = await api.get(f"/v1/games/{slug}")
    return reply.json.get("name")


async def test_a_change_is_seen_by_other_replicas_players_search_and_relays(
    start_server: StartServer, backend: dict[str, object]
) -> None:
    one = await start_server(**backend, rate_limits_on=False)
    other = await start_server(**backend, rate_limits_on=False)
    before = other.app[app_keys.RELAY_PROFILES].profile_set

    await change(one, {("game", "cs2"): EDIT.format(name="Zweitausend"), ("game", "pong"): OWN})

    assert await name_of(one) == "Zweitausend"
    await look(other)  # unless its job was quicker
    assert not await look(other)
    assert await name_of(other) == "Zweitausend"
    found = (await other.get("/v1/games", params={"query": "zweitausend"})).json
    assert [game["slug"] for game in found["games"]] == ["cs2"]
    after = other.app[app_keys.RELAY_PROFILES].profile_set
    assert after.etag != before.etag
    assert after == one.app[app_keys.RELAY_PROFILES].profile_set
    assert {acl.slug for acl in after.profiles} - {acl.slug for acl in before.profiles} == {"pong"}
    untouched = [acl for acl in after.profiles if acl.slug not in ("cs2", "pong")]
    assert untouched == [acl for acl in before.profiles if acl.slug != "cs2"]


async def test_a_server_that_starts_has_the_changes_and_other_servers_have_not(
    start_server: StartServer, tmp_path: Path
) -> None:
    await change(await start_server(), {("game", "cs2"): EDIT.format(name="Zweitausend")})

    assert await name_of(await start_server()) == "Zweitausend"
    assert await name_of(await start_server(data_dir=str(tmp_path / "other"))) == "Counter-Strike 2"


async def test_a_change_that_was_worked_out_over_an_older_state_is_worked_out_again(api: ApiDriver) -> None:
    seen = []

    def plan(games: Games) -> Tables:
        seen.append(games.version)
        return {("game", "cs2"): EDIT.format(name=f"after {games.version}")}

    overrides = overrides_of(api)
    with api.app[app_keys.DATABASE].active():
        await overrides.change(plan, MACHINE, "games.edit", lambda _before, _after: {}, dry_run=False)
        stale = overrides._games
        await overrides.change(plan, MACHINE, "games.edit", lambda _before, _after: {}, dry_run=False)
        assert (await GameOverridesVersion.get()).version == 2
        assert stale is not None
        written = await game_overrides._stored(stale.version, stale.rows.values(), MACHINE, "games.edit", {})

    assert not written
    assert seen == [0, 1]
    assert await name_of(api) == "after 1"


async def test_revisions_rise_with_every_change_also_when_the_clock_is_set_back(
    api: ApiDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def revision() -> int:
        return api.app[app_keys.CATALOG].by_slug["cs2"].acl.revision

    revisions = [revision()]
    for name in ("a", "b", "", "c"):
        toml = EDIT.format(name=name) if name else ""
        await change(api, {("game", "cs2"): toml})
        revisions.append(revision())
        earlier = utc_now().replace(year=2025)
        monkeypatch.setattr(game_overrides, "utc_now", lambda now=earlier: now)

    assert revisions == sorted(set(revisions))
    assert revisions[0] < 2**30 < revisions[-1] < 2**32


async def test_a_row_that_no_longer_fits_is_left_out_and_told(start_server: StartServer, logs: list[Any]) -> None:
    api = await start_server()
    await change(api, {("game", "pong"): OWN})
    with api.app[app_keys.DATABASE].active():
        await GameOverride.filter(name="pong").update(toml=OWN.replace('"fps"', '"gone"'))
        await GameOverridesVersion.all().update(version=2)

    await look(api)

    assert (await api.get("/v1/games/pong")).status == 404
    assert await name_of(api) == "Counter-Strike 2"
    assert [line["table"] for line in logs if line["event"] == "game_change_left_out"] == ["game pong"]
    await change(api, {("game", "cs2"): EDIT.format(name="still possible")})
    assert await name_of(api) == "still possible"


async def test_a_refused_change_and_a_dry_run_leave_nothing_behind(api: ApiDriver) -> None:
    with pytest.raises(ApiError, match=r"10\.0\.0\.0/8"):
        await change(api, {("game", "pong"): OWN.replace("9.9.9.0/24", "10.0.0.0/8")})
    _, after = await change(api, {("game", "pong"): OWN}, dry_run=True)

    assert "pong" in after.catalog.by_slug
    assert (await api.get("/v1/games/pong")).status == 404
    with api.app[app_keys.DATABASE].active():
        assert await GameOverride.all().count() == await GameOverridesVersion.all().count() == 0
        assert await AuditEntry.all().count() == 0
