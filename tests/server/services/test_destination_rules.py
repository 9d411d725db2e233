"""Targets: what a player may have carried, and why not."""

import socket
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.contract.problem import ErrorCode
from plg.protocol.destination import Address, check_destination, special_range
from plg_server.problems import ApiError
from plg_server.services.destination_rules import (
    SystemResolver,
    Target,
    approve_target,
    check_address,
    check_port,
    merge_targets,
    parse_target,
    read_target,
    refuse_unless_boostable,
)
from plg_server.services.game_catalog import build_catalog
from plg_server.services.game_files import load_game_files

CATALOG = build_catalog(load_game_files())
OPENARENA = CATALOG.by_slug["openarena"]
CS2 = CATALOG.by_slug["cs2"]
FACTORIO = CATALOG.by_slug["factorio"]
NO_PORTS = CATALOG.by_slug["astroneer"]


class Names:
    """A resolver that knows these names only."""

    def __init__(self, **names: list[str]) -> None:
        self.names = {name.replace("_", "."): [ip_address(text) for text in texts] for name, texts in names.items()}

    async def addresses(self, name: str) -> list[Address]:
        if name == "slow.example":
            raise TimeoutError
        if name not in self.names:
            raise socket.gaierror(-2, "Name or service not known")
        return self.names[name]


def refused(code: ErrorCode = ErrorCode.TARGET_REFUSED, says: str = "") -> pytest.RaisesExc[ApiError]:
    return pytest.raises(ApiError, match=says or None, check=lambda error: error.code is code)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("9.9.9.9:27015", ("9.9.9.9", 27015)),
        ("[2620:fe::9]:27015", ("2620:fe::9", 27015)),
        (" Play.Example.ORG:1024 ", ("play.example.org", 1024)),
        ("play.example.org.:5000", ("play.example.org", 5000)),
        ("пример.рф:5000", ("xn--e1afmkfd.xn--p1ai", 5000)),
    ],
)
def test_addresses_and_names_are_read(text: str, parsed: tuple[str, int]) -> None:
    assert parse_target(text) == parsed


@pytest.mark.parametrize(
    "text",
    ["", ":", "a", "a:", ":5", "a:0", "a:65536", "a:5x", "a:-5", "a b:5000", "[::1:5000", "[x]:5000", "[fe80::1%eth0]:5000",
     "2620:fe::9:27015", "a..b:5000", "-a:5000", "a-:5000", "x" * 64 + ":5000", "a/b:5000", "a:٥٠٠٠", "\x00:5000"],
)  # fmt: skip
def test_what_is_no_host_and_port_is_refused_in_one_line(text: str) -> None:
    with refused() as caught:
        parse_target(text)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=300))
def test_no_text_fails_in_another_way(text: str) -> None:
    try:
        host, port = parse_target(text)
    except ApiError as error:
        assert error.code is ErrorCode.TARGET_REFUSED  # noqa: PT017 - the other outcome is as good
    else:
        assert host
        assert 1 <= port <= 65535


async def test_a_name_stands_for_all_of_its_addresses() -> None:
    names = Names(both_example=["9.9.9.9", "2620:fe::9"])
    targets = await approve_target("both.example:27960", OPENARENA, names, allow_private=False)
    assert [target.text for target in targets] == ["9.9.9.9:27960", "[2620:fe::9]:27960"]


async def test_one_forbidden_address_refuses_the_whole_name() -> None:
    names = Names(sly_example=["9.9.9.9", "169.254.169.254"])
    with refused(says="169.254.169.254 lies in 169.254.0.0/16"):
        await approve_target("sly.example:27960", OPENARENA, names, allow_private=False)


async def test_names_that_do_not_resolve_in_time_or_at_all_or_too_widely_are_refused() -> None:
    names = Names(wide_example=[f"9.9.9.{n}" for n in range(5)], none_example=[])
    for name, says in (
        ("slow.example", "not answered in 3 s"),
        ("unknown.example", "has no address"),
        ("none.example", "has no address"),
        ("wide.example", "5 addresses, at most 4"),
    ):
        with refused(says=says):
            await approve_target(f"{name}:27960", OPENARENA, names, allow_private=False)


def test_a_port_must_be_one_of_the_games_when_it_has_some() -> None:
    check_port(CS2, 27015)
    with refused(says="port 30000 is not one of Counter-Strike 2: its servers use UDP 3478"):
        check_port(CS2, 30000)


def test_a_game_without_known_ports_takes_any_high_one_that_is_no_amplifier() -> None:
    check_port(NO_PORTS, 1024)
    check_port(NO_PORTS, 65535)
    for port in (1, 53, 443, 1023, 1900, 5353, 11211):
        with refused(says=f"port {port} is not allowed"):
            check_port(NO_PORTS, port)


def test_an_open_game_may_be_hosted_on_any_high_port() -> None:
    check_port(OPENARENA, 40000)
    with refused():
        check_port(OPENARENA, 11211)


@given(st.ip_addresses(), st.integers(0, 65536))
def test_what_is_approved_is_never_what_a_relay_would_hard_deny(address: Address, port: int) -> None:
    try:
        check_address(address, allow_private=False)
        check_port(NO_PORTS, port)
    except ApiError:
        return
    assert special_range(address, allow_private=False) is None
    from ipaddress import ip_network

    from plg.protocol.destination import AccessList, AccessRule

    access = AccessList([AccessRule((ip_network(address),), ((port, port),))])
    assert check_destination(address, port, [access], allow_private=False) is None


def test_private_addresses_pass_in_a_lab_only_and_special_ones_never() -> None:
    check_address(ip_address("10.1.2.3"), allow_private=True)
    check_address(ip_address("::1"), allow_private=True)
    with refused():
        check_address(ip_address("10.1.2.3"), allow_private=False)
    for address in ("224.0.0.1", "0.0.0.0", "255.255.255.255", "::ffff:9.9.9.9", "2002:909:909::1", "ff02::1"):
        with refused():
            check_address(ip_address(address), allow_private=True)


def test_our_own_addresses_are_refused() -> None:
    from ipaddress import ip_network

    with refused(says="belongs to PLG itself"):
        check_address(ip_address("9.9.9.9"), allow_private=False, denied=[ip_network("9.9.9.9/32")])


async def test_a_tcp_game_is_not_supported_whatever_the_target() -> None:
    profile = CATALOG.by_slug["terraria"]
    with refused(ErrorCode.GAME_NOT_SUPPORTED, "plays over TCP"):
        refuse_unless_boostable(profile)
    with refused(ErrorCode.GAME_NOT_SUPPORTED):
        await approve_target("nonsense", profile, Names(), allow_private=False)


def test_a_session_has_at_most_eight_targets_each_once() -> None:
    nine = [Target(ip_address(f"9.9.9.{n}"), 5000) for n in range(9)]
    assert merge_targets(nine[:5], nine[3:8]) == nine[:8]
    with refused(says="8 targets"):
        merge_targets(nine[:8], nine[8:])


@given(st.ip_addresses(), st.integers(1, 65535))
def test_a_target_is_read_back_as_it_was_written(address: Address, port: int) -> None:
    target = Target(address, port)
    assert read_target(target.text) == target
    assert target.for_ticket().prefix.num_addresses == 1


async def test_the_systems_resolver_answers_and_closes() -> None:
    resolver = SystemResolver()
    try:
        assert ip_address("127.0.0.1") in await resolver.addresses("localhost")
        with pytest.raises(OSError, match=r".+"):
            await resolver.addresses("name.invalid")
    finally:
        resolver.close()


def test_factorio_keeps_its_own_port() -> None:
    check_port(FACTORIO, 34197)
