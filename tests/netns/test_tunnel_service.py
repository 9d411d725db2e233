"""The tunnel as a service: a user without any right plays through it, and nobody else can even ask it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from plg.lab.namespaces import Host
from plg.lab.processes import Finished, Process
from plg.lab.product import clean_environment, games_toml, wait_for
from plg.machine.service_files import unit_text
from support.booster_world import BoosterWorld, booster_world, network_state
from support.other_users import give, home_of, open_folder, open_python, require_safe_installation, stepped_down
from support.requirements import require_binary

pytestmark = [pytest.mark.netns, pytest.mark.timeout(200)]

OWNER, STRANGER = 12345, 65534
PORT = 27500
STAND_IN = (sys.executable, "-m", "plg.lab.game_stand_in")


@dataclass(frozen=True, slots=True)
class User:
    """Somebody at the player's machine."""

    uid: int
    host: Host
    python: Path
    environ: dict[str, str]

    def plg(self, *arguments: str, check: bool = True) -> Finished:
        argv = stepped_down(self.uid, [str(self.python), "-m", "plg", *arguments])
        return self.host.run(argv, env=self.environ, check=check)

    def start(self, *arguments: str) -> Process:
        argv = stepped_down(self.uid, [str(self.python), "-m", "plg", *arguments])
        return self.host.spawn(argv, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


@dataclass(frozen=True, slots=True)
class ServiceWorld:
    world: BoosterWorld
    owner: User
    stranger: User
    service: Process
    socket: Path


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ServiceWorld]:
    games = games_toml("lab-game", "Lab Game", ["{game}"], [str(PORT)])
    require_safe_installation()
    with open_folder() as folder, booster_world(tmp_path / "plg", games) as world:
        python = open_python(folder)
        services = folder / "services"
        services.mkdir()
        users = []
        for uid in (OWNER, STRANGER):
            home = home_of(folder, uid)
            shutil.copytree(world.player.environment["PLG_CONFIG_DIR"], home / "config")
            give(home, uid)
            environ = clean_environment(
                {
                    "HOME": str(home), "PLG_CONFIG_DIR": str(home / "config"), "PLG_RUNTIME_DIR": str(home / "run"),
                    "PLG_SERVICE_DIR": str(services), "PLG_SERVER": world.player.environment["PLG_SERVER"], "PLG_TOKEN_STORE": "file",
                }
            )  # fmt: skip
            users.append(User(uid, world.client, python, environ))
        run = [*unit_rights(), str(python), "-I", "-m", "plg", "service", "run", "--user", str(OWNER)]
        log = folder / "service.log"
        with log.open("wb") as stream:
            environ = clean_environment({"PLG_SERVICE_DIR": str(services)})
            service = world.client.spawn(run, env=environ, stdout=stream, stderr=stream)
        socket = services / str(OWNER) / "service.sock"
        wait_for(socket.exists, "plg service run", process=service, log=log)
        yield ServiceWorld(world, users[0], users[1], service, socket)


def unit_rights() -> list[str]:
    """What comes before a command to leave root exactly the capabilities that the installed unit leaves it."""
    lines = unit_text(["/bin/true"], user="x", instance="1").splitlines()
    names = next(line.partition("=")[2] for line in lines if line.startswith("CapabilityBoundingSet="))
    bounding = ",".join(["-all", *(f"+{name.removeprefix('CAP_').lower()}" for name in names.split())])
    return [str(require_binary("setpriv")), f"--bounding-set={bounding}", "--inh-caps=-all", "--no-new-privs", "--"]


def play(world: BoosterWorld, seconds: int) -> None:
    """A match against the stand-in."""
    world.client.run(
        [*STAND_IN, "client", "--server", f"{world.game.ipv4}:{PORT}", "--seconds", str(seconds), "--json"]
    )


def test_a_user_without_rights_plays_through_the_service_and_nobody_else_may_ask_it(stage: ServiceWorld) -> None:
    world, owner, stranger = stage.world, stage.owner, stage.stranger
    world.game.spawn([*STAND_IN, "server", "--host", world.game.ipv4, "--port", str(PORT), "--policy", "agile"])
    before = network_state(world.client)

    refused = stranger.plg("connect", "lab-game", "--force", "--capture", "divert", "-d", check=False)
    assert refused.exit_code == 6
    assert [line for line in refused.stderr.splitlines() if line.startswith("plg: ")] == [
        f"plg: the tunnel service here is for {OWNER} only"
    ]
    asked = stranger.plg("service", "status", "--user", str(OWNER), "--json", check=False)
    assert asked.exit_code == 6
    assert json.loads(asked.stderr)["error"]["code"] == "service_for_another_user"

    done = owner.plg("connect", "lab-game", "--force", "--capture", "divert", "-d", "--json")
    assert (json.loads(done.stdout)["state"], json.loads(done.stdout)["capture"]) == ("connected", "divert")
    tunnel = int(json.loads(done.stdout)["pid"])
    facts = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{tunnel}/status").read_text().splitlines() if ":\t" in line
    )
    assert set(facts["Uid"].split()) == {str(OWNER)}
    needed = 1 << 12 | 1 << 13 | 1 << 38 | 1 << 39
    assert [int(facts[key], 16) for key in ("CapPrm", "CapEff", "CapBnd", "CapAmb")] == [needed, needed, needed, 0]
    assert facts["NoNewPrivs"] == "1"
    peek = stepped_down(OWNER, ["cat", f"/proc/{tunnel}/environ"])
    assert world.client.run(peek, check=False).exit_code != 0  # its rights exceed its user's, who cannot look into it

    play(world, 3)
    assert world.counter.packets("relayed") > 60
    assert world.counter.packets("straight") == 0

    status = json.loads(owner.plg("status", "--json").stdout)
    assert (status["state"], status["game"], status["pid"]) == ("connected", "lab-game", tunnel)
    assert json.loads(owner.plg("service", "status", "--json", check=False).stdout)["is_running"]
    assert stranger.plg("status", check=False).exit_code == 3
    again = owner.plg("connect", "lab-game", "--force", "--capture", "divert", "-d", check=False)
    assert again.exit_code == 9
    assert "lab-game" in again.stderr

    assert json.loads(owner.plg("disconnect", "--now", "--json").stdout)["disconnected"]
    wait_for(lambda: network_state(world.client) == before, "a clean network")
    assert stage.service.poll() is None

    # In the foreground the tunnel ends with the command, however that ends.
    player = owner.start("connect", "lab-game", "--force", "--capture", "divert", "--json")
    assert player.stdout is not None
    assert json.loads(player.stdout.readline())["state"] == "connected"
    children = stage.world.client.process_ids()
    assert len(children) > 3
    player.send_signal(signal.SIGKILL)
    player.wait()
    player.stdout.close()
    wait_for(lambda: owner.plg("status", check=False).exit_code == 3, "the end of the tunnel")
    wait_for(lambda: network_state(world.client) == before, "a clean network")

    # What a crash left, the user has put back by the service.
    owner.plg("connect", "lab-game", "--force", "--capture", "divert", "-d")
    (journal,) = Path(owner.environ["PLG_RUNTIME_DIR"]).glob("capture-*.json")
    crashed, watchdog = (entry[0] for entry in json.loads(journal.read_text())["processes"])
    os.kill(watchdog, signal.SIGSTOP)
    os.kill(crashed, signal.SIGKILL)
    os.kill(watchdog, signal.SIGKILL)
    assert network_state(world.client) != before
    assert json.loads(owner.plg("restore", "--json").stdout)["undone"] == 1
    assert network_state(world.client) == before

    # The service ends its tunnel before it ends itself.
    owner.plg("connect", "lab-game", "--force", "--capture", "divert", "-d")
    stage.service.send_signal(signal.SIGTERM)
    assert stage.service.wait(timeout=40) == 0
    assert not stage.socket.exists()
    assert owner.plg("status", check=False).exit_code == 3
    assert network_state(world.client) == before
    deadline = time.monotonic() + 5
    while left := world.client.process_ids():
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    without = owner.plg("connect", "lab-game", "--force", "--capture", "divert", "-d", check=False)
    assert without.exit_code == 6
