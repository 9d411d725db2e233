"""The example files and the compose file, read by the programs they are for."""

import re
import tomllib
from pathlib import Path
from types import MappingProxyType

import msgspec
import pytest

from plg_relay.config import load_config as load_relay_config
from plg_server.config import load_config as load_server_config
from support.source_tree import ROOT

OPS = ROOT / "ops"
COMPOSE = OPS / "compose"
NO_ENVIRONMENT = MappingProxyType[str, str]({})


def with_hints_switched_on(example: Path, target: Path) -> Path:
    """A copy in which the commented-out settings (`# key = value`) are set too."""
    target.write_text(re.sub(r"^# (?=[a-z_]+ = )", "", example.read_text(encoding="utf-8"), flags=re.MULTILINE))
    return target


def test_the_server_accepts_its_example() -> None:
    config = load_server_config(OPS / "config/server.toml", NO_ENVIRONMENT)
    assert (config.host, config.port) == ("127.0.0.1", 8080)


def test_the_server_accepts_the_hints_of_its_example(tmp_path: Path) -> None:
    hinted = with_hints_switched_on(OPS / "config/server.toml", tmp_path / "server.toml")
    config = load_server_config(hinted, NO_ENVIRONMENT)
    assert config.database_url is not None
    assert config.store_url is not None


def test_the_relay_accepts_its_example(tmp_path: Path) -> None:
    config = load_relay_config(
        file=OPS / "config/relay.toml", environ=NO_ENVIRONMENT, overrides={}, default_data_dir=tmp_path
    )
    assert (config.port, config.control_host, config.allow_private) == (443, "127.0.0.1", False)


def test_the_relay_accepts_the_hints_of_its_example(tmp_path: Path) -> None:
    hinted = with_hints_switched_on(OPS / "config/relay.toml", tmp_path / "relay.toml")
    config = load_relay_config(file=hinted, environ=NO_ENVIRONMENT, overrides={}, default_data_dir=tmp_path)
    assert config.web_ping_url == "https://relay1.example.org:8444/ping"


def test_the_relay_example_and_the_kernel_recipes_name_the_same_ports() -> None:
    relay = tomllib.loads((OPS / "config/relay.toml").read_text(encoding="utf-8"))
    firewall = (OPS / "nftables/plg-relay.nft").read_text(encoding="utf-8")
    sysctl = (OPS / "60-plg-relay.sysctl.conf").read_text(encoding="utf-8")
    first, last = relay["game_ports_first"], relay["game_ports_last"]
    assert f"define GAME_PORTS = {first}-{last}\n" in firewall
    assert f"define RELAY_PORT = {relay['port']}\n" in firewall
    low, high = map(int, re.findall(r"ip_local_port_range = (\d+) (\d+)", sysctl)[0])
    assert high < first or low > last


class Service(msgspec.Struct):
    """What the tests read of one compose service."""

    image: str
    environment: dict[str, str] = {}
    cap_drop: list[str] = []
    cap_add: list[str] = []
    security_opt: list[str] = []
    read_only: bool = False
    command: list[str] = []
    profiles: list[str] = []
    ports: list[str] = []


class ComposeFile(msgspec.Struct):
    services: dict[str, Service]
    volumes: dict[str, dict[str, str]]


@pytest.fixture
def compose() -> ComposeFile:
    """There is no container engine in the tests: the file is parsed and judged, not run."""
    return msgspec.yaml.decode((COMPOSE / "compose.yaml").read_bytes(), type=ComposeFile, strict=False)


def resolved(environment: dict[str, str], prefix: str) -> dict[str, str]:
    """Variables as compose hands them over when .env says the least."""
    given = {"POSTGRES_PASSWORD": "secret", "PUBLIC_URL": "https://plg.example.org"}

    def value(match: re.Match[str]) -> str:
        default = match[2].removeprefix(":-") if match[2].startswith(":-") else ""
        return given.get(match[1], default)

    return {
        name: re.sub(r"\$\{(\w+)([^}]*)\}", value, text)
        for name, text in environment.items()
        if name.startswith(prefix)
    }


def test_compose_has_the_five_parts(compose: ComposeFile) -> None:
    assert set(compose.services) == {"postgres", "redis", "server", "bot", "relay"}


def test_the_server_accepts_the_environment_that_compose_gives_it(compose: ComposeFile) -> None:
    config = load_server_config(None, resolved(compose.services["server"].environment, "PLG_SERVER_"))
    assert config.database_url == "postgres://plg:secret@postgres:5432/plg"
    assert config.store_url == "redis://redis:6379/0"
    assert config.host == "0.0.0.0"


def test_the_bot_accepts_the_environment_that_compose_gives_it_and_stands_on_the_servers_database(
    compose: ComposeFile,
) -> None:
    bot, server = compose.services["bot"], compose.services["server"]
    config = load_server_config(None, resolved(bot.environment, "PLG_SERVER_"))
    assert (config.telegram.on, config.telegram.telegram_token) == (False, None)
    for name in ("PLG_SERVER_DATABASE_URL", "PLG_SERVER_STORE_URL", "PLG_SERVER_TELEGRAM_BOT_NAME"):
        assert bot.environment[name] == server.environment[name]
    assert "PLG_SERVER_TELEGRAM_TOKEN" not in server.environment


def test_the_relay_accepts_the_environment_that_compose_gives_it(compose: ComposeFile, tmp_path: Path) -> None:
    environment = resolved(compose.services["relay"].environment, "PLG_RELAY_")
    config = load_relay_config(file=None, environ=environment, overrides={}, default_data_dir=tmp_path)
    assert (config.port, config.data_dir) == (443, Path("/var/lib/plg"))


def test_our_containers_drop_every_right_but_the_relays_port(compose: ComposeFile) -> None:
    for name in ("server", "bot", "relay"):
        service = compose.services[name]
        assert service.cap_drop == ["ALL"]
        assert service.security_opt == ["no-new-privileges:true"]
        assert service.read_only
    assert compose.services["server"].cap_add == compose.services["bot"].cap_add == []
    assert compose.services["relay"].cap_add == ["NET_BIND_SERVICE"]


def test_only_the_server_is_published_and_only_on_loopback(compose: ComposeFile) -> None:
    published = {name: service.ports for name, service in compose.services.items() if service.ports}
    assert published == {"server": ["127.0.0.1:8080:8080"]}


def test_every_variable_without_a_default_is_in_the_example() -> None:
    used = set(re.findall(r"\$\{(\w+)", (COMPOSE / "compose.yaml").read_text(encoding="utf-8")))
    example = (COMPOSE / ".env.example").read_text(encoding="utf-8")
    assert used == set(re.findall(r"^(\w+)=", example, flags=re.MULTILINE))


def test_everything_that_the_image_copies_is_let_through_and_exists() -> None:
    copied = {
        source
        for line in re.findall(r"^COPY (?!--)(.+)$", (COMPOSE / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
        for source in line.split()[:-1]
    }
    let_through = set(
        re.findall(r"^!(\S+)$", (COMPOSE / "Dockerfile.dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert copied == let_through
    assert all((ROOT / source).exists() for source in copied)
