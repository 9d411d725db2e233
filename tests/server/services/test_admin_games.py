"""Operators change games in the form of game files: what counts afterwards, what is refused, and what can be taken back."""

import asyncio
from typing import Any

import pytest

from support.api_driver import ApiDriver, StartServer
from support.callers import Caller, signed_in_as

NEW_GAME = """
[[game]]
slug = "pong"
name = "Pong"
category = "fps"
udp = ["5000-5010"]
server_cidrs = ["9.9.9.0/24"]
linux = ["pong"]
icon = "paddle"
anti_cheat_note = "none"
"""


class Operator:
    """An admin of one server."""

    def __init__(self, api: ApiDriver, caller: Caller) -> None:
        self._api = api
        self._headers = caller.headers

    async def call(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """What the admin API answers below /games, which must have this status."""
        options = {"json": body} if body is not None else {}
        reply = await self._api.call(method, f"/v1/admin/games{path}", headers=self._headers, **options)
        assert reply.status == status, reply.text
        return reply.json

    async def take(self, toml: str, **more: Any) -> Any:
        """Import a file."""
        return await self.call("POST", "/import", {"toml": toml, **more})

    async def edit(self, slug: str, **body: Any) -> Any:
        """Change a game."""
        return await self.call("PATCH", f"/{slug}", body)

    async def seen(self, slug: str) -> Any:
        """The game as players get it, None when there is none."""
        reply = await self._api.get(f"/v1/games/{slug}")
        return reply.json if reply.status == 200 else None


@pytest.fixture
async def operator(start_server: StartServer) -> Operator:
    """On SQLite: what is asked here does not depend on the database."""
    api = await start_server(rate_limits_on=False)
    return Operator(api, await signed_in_as(api, "admin"))


async def test_an_imported_game_can_be_played_at_once_and_comes_back_as_the_same_file(operator: Operator) -> None:
    done = await operator.take(NEW_GAME)

    assert [(change["change"], change["name"]) for change in done["changes"]] == [("added", "pong")]
    assert '+server_cidrs = ["9.9.9.0/24"]' in done["changes"][0]["diff"]
    seen = await operator.seen("pong")
    assert seen["destinations"] == [{"cidrs": ["9.9.9.0/24"], "ports": ["5000-5010"]}]
    assert (seen["icon"], seen["anti_cheat_note"]) == ("paddle", "none")
    exported = await operator.call("GET", "/export")
    assert exported["tables"] == 1
    assert (await operator.take(exported["toml"]))["changes"] == []


async def test_an_edit_keeps_only_what_differs_and_reset_brings_the_files_back(operator: Operator) -> None:
    before = await operator.seen("cs2")

    await operator.edit("cs2", fields='name = "CS Two"', add={"server_cidrs": ["9.9.9.0/24"]}, unset=["notes"])

    after = await operator.seen("cs2")
    shown = await operator.call("GET", "/cs2")
    assert (after["name"], after["notes"]) == ("CS Two", None)
    assert "9.9.9.0/24" in after["destinations"][0]["cidrs"]
    assert after["executables_windows"] == before["executables_windows"]
    assert "windows" not in shown["changes_toml"]
    assert shown["game"]["origin"] == "edited"
    await operator.call("POST", "/reset", {"name": "cs2"})
    again = await operator.seen("cs2")
    assert {**again, "revision": 0} == {**before, "revision": 0}
    assert again["revision"] > after["revision"] > before["revision"]


async def test_an_edit_obeys_the_rules_of_destinations_as_the_files_do(operator: Operator) -> None:
    for cidr in ("10.0.0.0/8", "127.0.0.0/8", "224.0.0.0/8", "0.0.0.0/0", "9.9.9.1/24", "9.0.0.0/7"):
        refusal = await operator.call("PATCH", "/cs2", {"add": {"server_cidrs": [cidr]}}, status=422)
        assert cidr in refusal["detail"]
    assert (await operator.call("GET", "?origin=edited"))["games"] == []


async def test_validate_tells_every_fault_with_its_line_and_what_is_allowed(operator: Operator) -> None:
    text = NEW_GAME.replace('"fps"', '"fpss"').replace("5010", "70000").replace("9.9.9.0/24", "192.168.0.0/16")

    faults = (await operator.call("POST", "/validate", {"toml": text, "source": "pong.toml"}))["faults"]

    assert [(fault["source"], fault["line"]) for fault in faults] == [("pong.toml", line) for line in (5, 6, 7)]
    assert "allowed: battle-royale" in faults[0]["problem"]
    assert "1 to 65535" in faults[1]["problem"]
    assert "private prefixes need" in faults[2]["problem"]
    refusal = await operator.call("POST", "/import", {"toml": text, "source": "pong.toml"}, status=422)
    assert refusal["detail"].startswith("pong.toml:")


async def test_a_dry_run_and_a_diff_say_what_would_change_and_change_nothing(operator: Operator) -> None:
    trial = await operator.take(NEW_GAME, dry_run=True)
    difference = await operator.call("POST", "/diff", {"toml": NEW_GAME})

    assert trial["changes"] == difference["changes"]
    assert trial["dry_run"]
    assert await operator.seen("pong") is None
    assert (await operator.call("GET", ""))["version"] == 0


async def test_own_games_can_be_deleted_those_of_the_files_only_reset(operator: Operator) -> None:
    await operator.take(NEW_GAME)

    trial = await operator.call("DELETE", "/pong?dry_run=true")
    assert trial["changes"][0]["change"] == "removed"
    assert await operator.seen("pong") is not None
    await operator.call("DELETE", "/pong")

    assert await operator.seen("pong") is None
    await operator.call("DELETE", "/pong", status=404)
    await operator.call("DELETE", "/cs2", status=422)
    await operator.call("POST", "/reset", {"name": "cs2"}, status=404)


async def test_a_list_that_games_need_is_not_taken_away(operator: Operator) -> None:
    lists = '[[prefixes]]\nname = "own"\ncidrs = ["9.9.9.0/24"]\n'
    await operator.take(lists + NEW_GAME.replace('server_cidrs = ["9.9.9.0/24"]', 'prefixes = ["own"]'))

    refusal = await operator.call("POST", "/reset", {"kind": "prefixes", "name": "own"}, status=422)

    assert "'own' is not defined" in refusal["detail"]
    assert (await operator.call("GET", ""))["lists"][0]["name"] == "own"


async def test_import_with_replace_takes_away_what_the_file_does_not_say(operator: Operator) -> None:
    await operator.take(NEW_GAME)
    shorter = NEW_GAME.replace('icon = "paddle"\n', "")

    await operator.take(shorter)
    assert (await operator.seen("pong"))["icon"] == "paddle"
    await operator.take(shorter, replace=True)
    assert (await operator.seen("pong"))["icon"] is None


async def test_an_edit_that_cannot_be_is_refused_with_one_line(operator: Operator) -> None:
    for body, said in (
        ({"fields": 'slug = "other"'}, "slug cannot be changed"),
        ({"fields": "[[game]]\nslug = 'other'"}, "unknown key 'game'"),
        ({"fields": "name = "}, "not valid TOML"),
        ({"fields": "icon = '../etc'"}, "icon"),
        ({"add": {"name": ["x"]}}, "'name' is no list"),
        ({"unset": ["slug"]}, "unset"),
        ({}, "nothing to change"),
        ({"fields": "x = " + "[" * 5000 + "]" * 5000}, "nested too deeply"),
    ):
        refusal = await operator.call("PATCH", "/cs2", body, status=422)
        assert said in refusal["detail"]
        assert "\n" not in refusal["detail"]


async def test_two_operators_at_once_both_get_what_they_wrote(api: ApiDriver) -> None:
    operator = Operator(api, await signed_in_as(api, "admin"))

    await asyncio.gather(*(operator.edit("cs2", add={"aliases": [f"alias {number}"]}) for number in range(3)))

    aliases = (await operator.seen("cs2"))["aliases"]
    assert {"alias 0", "alias 1", "alias 2"} <= set(aliases)
