"""`plg doctor` on machines of its own: the real server, two real relays and a game server, over lines that are made bad.

client --8 ms-- near relay, --36 ms-- far relay, --50 ms-- game (there and back; support/measuring_world.py).
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from plg.lab.impairment import Impairment
from support.measuring_world import MeasuringWorld, measuring_world

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeasuringWorld]:
    with measuring_world(tmp_path_factory.mktemp("doctor")) as made:
        yield made


def doctor(world: MeasuringWorld, *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code and checks by their id."""
    done = world.player.plg("doctor", *words, "--json", check=False)
    document = msgspec.json.decode(done.stdout)
    return done.exit_code, {check["id"]: check for check in document["checks"]}


def lines(world: MeasuringWorld, *, near_loss: float = 0, game_loss: float = 0) -> None:
    """Loss in percent each way; delays as they were."""
    world.wire.impair_both_ways(world.client, world.near, Impairment(delay_ms=4, loss_percent=near_loss))
    world.wire.impair_both_ways(world.client, world.game, Impairment(delay_ms=25, loss_percent=game_loss))


def test_over_good_lines_everything_is_measured_for_real(world: MeasuringWorld) -> None:
    lines(world)
    _, checks = doctor(world, "openarena")
    codes = {name: check["code"] for name, check in checks.items()}
    assert codes["server"] == "server_plain"
    assert codes["clock"] == "clock_right"
    assert codes["login"] == "login_good"
    assert codes["relays"] == "relays_answer"
    assert (codes["mtu"], checks["mtu"]["facts"]["packet_bytes"]) == ("mtu_fits", 1500)
    assert codes["rights"] == "rights_there"
    assert codes["nat"] == "nat_type_not_told"
    assert checks["relays"]["facts"]["nearest"] == "Near"
    facts = checks["line"]["facts"]
    assert 8 <= facts["relay_ms"] < 30
    assert 50 <= facts["game_ms"] < 80
    assert facts["router_ms"] < 15
    assert {check["verdict"] for check in checks.values()} <= {"ok", "warn", "unknown"}


@pytest.mark.parametrize(("game_loss", "code"), [(0, "line_trouble_relay"), (15, "line_trouble_beyond")])
def test_loss_is_found_on_the_way_on_which_it_is(world: MeasuringWorld, game_loss: float, code: str) -> None:
    lines(world, near_loss=15, game_loss=game_loss)
    exit_code, checks = doctor(world, "openarena", "--only", "line")
    found = checks["line"]
    assert (found["code"], found["verdict"] in {"warn", "fail"}) == (code, True), found["facts"]
    assert exit_code in {20, 21}
    assert found["facts"]["router_loss_percent"] == 0
