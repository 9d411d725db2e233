"""`plg restore` after the worst: client and watchdog killed at once, with filters, hooks, rules and routes left in the kernel."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.lab.product import games_toml, wait_for
from plg.machine.change_journal import Change, ChangeJournal, ProcessIdentity, identify_process
from plg.machine.service_install import KIND
from support.booster_world import BoosterWorld, booster_world, network_state

pytestmark = [pytest.mark.netns, pytest.mark.timeout(200)]

PORT = 27500


@pytest.fixture
def world(tmp_path: Path) -> Iterator[BoosterWorld]:
    with booster_world(tmp_path / "plg", games_toml("lab-game", "Lab Game", ["{game}"], [str(PORT)])) as built:
        yield built


def capture_journals(world: BoosterWorld) -> list[Path]:
    return list(Path(world.player.environment["PLG_RUNTIME_DIR"]).glob("capture-*.json"))


def kill_client_and_watchdog(world: BoosterWorld) -> ProcessIdentity:
    """The client's identity, now dead."""
    (journal,) = capture_journals(world)
    client, watchdog = (ProcessIdentity(*entry) for entry in json.loads(journal.read_text())["processes"])
    os.kill(watchdog.pid, signal.SIGSTOP)  # it must not get to do anything
    os.kill(client.pid, signal.SIGKILL)
    os.kill(watchdog.pid, signal.SIGKILL)
    wait_for(lambda: identify_process(client.pid) is None and identify_process(watchdog.pid) is None, "their death")
    return client


def test_nothing_is_left_after_client_and_watchdog_were_killed(world: BoosterWorld, tmp_path: Path) -> None:
    plg = world.player.plg
    before = network_state(world.client)
    assert json.loads(plg("restore", "--json").stdout)["changes"] == []

    world.player.connect("lab-game", "--capture", "divert")
    running = json.loads(plg("restore", "--json").stdout)
    assert [change["state"] for change in running["changes"]] == ["running"]
    assert world.player.status().state == "connected"
    dead = kill_client_and_watchdog(world)
    assert network_state(world.client) != before

    # And a change of another kind that the dead process had written down.
    changed = tmp_path / "changed by plg"
    changed.write_text("content")
    undo = {"path": str(changed), "sha256": "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"}
    changes = ChangeJournal(Path(world.player.environment["PLG_CONFIG_DIR"]) / "changes")
    changes.record(Change(KIND, undo, holder=dead))

    looked = json.loads(plg("restore", "--dry-run", "--json").stdout)
    assert (looked["left"], looked["undone"]) == (2, 0)
    assert network_state(world.client) != before
    assert changed.exists()
    done = json.loads(plg("restore", "--json").stdout)
    assert (done["left"], done["undone"]) == (0, 2)
    assert network_state(world.client) == before
    assert not changed.exists()
    assert capture_journals(world) == []
    assert changes.pending() == []
    assert json.loads(plg("restore", "--json").stdout)["changes"] == []

    # Rules and routes of the other way to capture go too.
    world.player.connect("lab-game", "--capture", "tun")
    kill_client_and_watchdog(world)
    assert network_state(world.client)["rules"] != before["rules"]
    assert "rules" in plg("restore").stdout
    assert network_state(world.client) == before
