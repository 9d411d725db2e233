"""The product as processes: server, relay and client through the command alone, on loopback."""

import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.lab.processes import LabError, ProcessOwner, ThisMachine
from plg.lab.product import (
    Connection,
    PlayerProcess,
    RelayProcess,
    ServerProcess,
    clean_environment,
    games_toml,
    last_words,
    wait_for,
)


@pytest.fixture
def here() -> Iterator[ThisMachine]:
    owner = ProcessOwner()
    yield ThisMachine(owner)
    owner.close()


@pytest.mark.timeout(200)
def test_server_relay_and_player_start_and_find_each_other(here: ThisMachine, tmp_path: Path) -> None:
    games = games_toml("lab-game", "Lab Game", ["127.0.0.2/32"], ["27500"])
    server = ServerProcess(here, tmp_path / "server", host="127.0.0.1", games_toml=games)
    relay = RelayProcess(
        here,
        tmp_path / "relay",
        server,
        "lab-relay",
        public_host="127.0.0.1",
        public_port=40443,
        bind_host="127.0.0.1",
        bind_port=0,
    )
    assert 0 < relay.port < 65536
    player = PlayerProcess(here, tmp_path / "player", server.url)
    player.register()
    player.wait_for_relays(relay)
    shown = json.loads(player.plg("games", "show", "lab-game", "--json").stdout)
    assert shown["game"]["destinations"] == [{"cidrs": ["127.0.0.2/32"], "ports": ["27500"]}]
    assert player.plg("status", "--json", check=False).exit_code in {0, 3}
    with pytest.raises(LabError, match="plg connect: ended with exit code 8"):
        player.connect("no-such-game")


def test_a_games_file_is_toml_that_names_prefixes_and_ports() -> None:
    game = tomllib.loads(games_toml("a", 'A "game"', ["10.0.0.0/8", "fd00::/8"], ["1-2"]))["game"][0]
    assert (game["slug"], game["name"]) == ("a", 'A "game"')
    assert (game["server_cidrs"], game["udp"]) == (["10.0.0.0/8", "fd00::/8"], ["1-2"])
    assert (game["capture"], game["observed_targets"]) == ("cidr", False)


def test_the_users_own_settings_and_keyring_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLG_SERVER", "https://mine.example")
    environment = clean_environment({"PLG_CONFIG_DIR": "/lab"})
    assert {name: text for name, text in environment.items() if name.startswith("PLG_")} == {"PLG_CONFIG_DIR": "/lab"}
    assert environment["PYTHON_KEYRING_BACKEND"] == "keyring.backends.fail.Keyring"


def test_waiting_for_a_part_that_ends_tells_its_last_words(here: ThisMachine, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = here.spawn([sys.executable, "-c", "import sys; sys.exit('no\\nway')"], stderr=out)
    with pytest.raises(LabError, match=r"the part: ended with exit code 1; it said: no way$"):
        wait_for(lambda: False, "the part", process=process, log=log)
    assert last_words(tmp_path / "nothing") == last_words(None) == "nothing"


def test_a_connections_states_are_read_from_complete_lines_only(here: ThisMachine, tmp_path: Path) -> None:
    output, log = tmp_path / "out", tmp_path / "log"
    lines = [{"state": "starting"}, {"state": "starting"}, {"event": "x"}, {"state": "connected"}]
    output.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"state": "sto')
    log.write_text("two\nlines")
    connection = Connection(here.spawn([sys.executable, "-c", ""]), output, log)
    assert connection.states() == ["starting", "connected"]
    assert len(connection.documents()) == 4
    assert connection.said() == "two lines"
