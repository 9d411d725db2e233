"""A person's own game before the server: vouched for, and approved one destination after the other."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from plg.api.errors import ServerRefused
from plg.cli.cli_error import CliError
from plg.cli.own_profiles import OwnProfileServer, names_destination
from plg.cli.profile_lint import LocalProfile
from plg.contract.games import GameDetail
from plg.contract.problem import ErrorCode
from plg.contract.sessions import ApproveTargetRequest, SessionGrant
from support.contract_bodies import game_detail
from support.loopback_lab import free_udp_port, loopback_lab, play

if TYPE_CHECKING:
    from plg.api.server_client import ServerClient

PROFILE = LocalProfile("my-game", "My Game", ("mygame", "My.exe"), ("9.9.9.0/24",), ("27015",), None, "openarena", "")


class FakeClient:
    """Knows openarena, approves everything."""

    server = "https://plg.example.org"

    def __init__(self) -> None:
        self.approved: list[str] = []

    async def game(self, slug: str) -> GameDetail:
        if slug != "openarena":
            raise ServerRefused(server=self.server, code=ErrorCode.GAME_NOT_FOUND, status=404, detail="no game")
        return game_detail()

    async def approve_target(self, session_id: str, request: ApproveTargetRequest) -> SessionGrant:
        self.approved.append(request.target)
        return cast("SessionGrant", None)


def server(profile: LocalProfile = PROFILE) -> tuple[OwnProfileServer, FakeClient]:
    client = FakeClient()
    return OwnProfileServer(cast("ServerClient", client), profile), client


async def test_the_servers_game_stands_for_the_persons_own() -> None:
    own, _ = server()
    detail = await own.game("my-game")
    assert (detail.slug, detail.name) == ("openarena", "My Game")
    assert (detail.executables_linux, detail.executables_windows) == (["mygame"], ["My.exe"])
    assert detail.observed_targets
    assert detail.destinations == []


async def test_what_the_profile_does_not_name_is_not_even_asked_for() -> None:
    own, client = server()
    await own.approve_target("s", ApproveTargetRequest(target="9.9.9.9:27015"))
    for target in ("9.9.8.9:27015", "9.9.9.9:27016", "nonsense"):
        with pytest.raises(ServerRefused):
            await own.approve_target("s", ApproveTargetRequest(target=target))
    assert client.approved == ["9.9.9.9:27015"]


async def test_a_game_that_the_server_does_not_vouch_for_is_refused_with_a_way_on() -> None:
    own, _ = server(LocalProfile("my-game", "My Game", ("mygame",), (), (), None, None, ""))
    with pytest.raises(CliError) as caught:
        await own.game("my-game")
    assert caught.value.code == "profile_not_vouched_for"
    assert "plays_as" in (caught.value.next_step or "")


def test_an_empty_list_leaves_that_part_open() -> None:
    assert names_destination([], [], "9.9.9.9:1")
    assert names_destination([], [], "[2620:fe::9]:1")
    assert not names_destination([], [(5, 6)], "9.9.9.9:7")


def test_a_game_of_ones_own_is_played_through_a_relay(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[[game]]\nslug = "my-own"\nname = "My Own"\ncategory = "fps"\nlinux = ["myown"]\n')
    with loopback_lab(tmp_path) as lab:
        lab.player.plg("profile", "add", str(file), "--yes")
        port = free_udp_port()
        options = ["--force", "--capture", "proxy", "--target", lab.game.address, "--listen", f"127.0.0.1:{port}"]
        refused = lab.player.plg("connect", "my-own", *options, "--json", check=False)
        assert refused.exit_code == 8
        assert "profile_not_vouched_for" in refused.stderr
        file.write_text(file.read_text() + '[local]\nplays_as = "openarena"\n')
        lab.player.plg("profile", "add", str(file), "--yes")
        lab.player.plg("connect", "my-own", *options, "--detach")
        assert play(port, 30) > 25
