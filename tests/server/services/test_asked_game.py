"""The game and server that a player asks for."""

from ipaddress import ip_address

import pytest

from plg.contract.problem import ErrorCode
from plg.protocol.destination import Address
from plg_server.problems import ApiError
from plg_server.services.asked_game import AskedGames, game_not_found
from plg_server.services.game_catalog import build_catalog
from plg_server.services.game_files import parse_game_texts
from plg_server.services.game_search import GameSearch
from plg_server.services.targets import TargetRules

TEXT = """
[[game]]
slug = "pong"
name = "Pong"
category = "sports"
server_cidrs = ["9.9.9.0/24"]
udp = ["27960"]
[[game]]
slug = "lone"
name = "Lone"
category = "sports"
observed_targets = false
udp = ["27960"]
[[game]]
slug = "slow"
name = "Slow"
category = "sports"
transport = "tcp"
"""


class NoNames:
    async def addresses(self, name: str) -> list[Address]:
        raise OSError(name)


async def nobody() -> tuple[()]:
    return ()


@pytest.fixture
def asked() -> AskedGames:
    catalog = build_catalog(parse_game_texts([("f", TEXT)]))
    return AskedGames(catalog, GameSearch(catalog), TargetRules(NoNames(), nobody, allow_private=False))


async def test_a_game_without_a_server_named_is_its_profile_alone(asked: AskedGames) -> None:
    profile, targets = await asked.boostable("Pong", None)
    assert (profile.slug, targets) == ("pong", [])


async def test_a_named_server_becomes_its_approved_addresses(asked: AskedGames) -> None:
    _, targets = await asked.boostable("lone", "9.9.9.9:27960")
    assert [(target.address, target.port) for target in targets] == [(ip_address("9.9.9.9"), 27960)]


@pytest.mark.parametrize(
    ("name", "target", "code", "says"),
    [
        ("pongg", None, ErrorCode.GAME_NOT_FOUND, "did you mean pong"),
        ("slow", None, ErrorCode.GAME_NOT_SUPPORTED, "TCP"),
        ("lone", None, ErrorCode.GAME_NOT_SUPPORTED, "name one with --target HOST:PORT"),
        ("lone", "10.0.0.1:27960", ErrorCode.TARGET_REFUSED, "not a public address"),
    ],
)
async def test_each_refusal_is_one_line_with_a_way_on(
    asked: AskedGames, name: str, target: str | None, code: ErrorCode, says: str
) -> None:
    with pytest.raises(ApiError, match=says) as caught:
        await asked.boostable(name, target)
    assert caught.value.code is code
    assert "\n" not in caught.value.detail


def test_a_name_that_is_like_nothing_is_pointed_to_the_list() -> None:
    catalog = build_catalog(parse_game_texts([("f", TEXT)]))
    assert "`plg games` lists all" in game_not_found("?", GameSearch(catalog)).detail
