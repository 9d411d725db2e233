"""`plg relay check`: a verdict for each part."""

import socket
from pathlib import Path

from plg_relay.errors import FailureKind
from plg_relay.identity import identity_path
from plg_relay.readiness import Verdict, check_relay
from support.live_relay import enrolled_identity, lab_config
from support.small_server import small_server


async def verdicts(tmp_path: Path, **changes: object) -> dict[str, Verdict]:
    return {verdict.part: verdict for verdict in await check_relay(lab_config(tmp_path, **changes))}


async def test_a_relay_that_would_start_has_only_good_verdicts(tmp_path: Path) -> None:
    async with small_server() as server:
        enrolled_identity(tmp_path, server=server.url)
        found = await verdicts(tmp_path)
    assert [(part, verdict.kind) for part, verdict in found.items()] == [
        (part, None)
        for part in (
            "settings",
            "header mask",
            "transit",
            "identity",
            "players' port",
            "control API",
            "metrics",
            "browsers' pings",
            "public address",
            "server",
        )
    ]


async def test_what_is_wrong_is_named_part_by_part(tmp_path: Path) -> None:
    enrolled_identity(tmp_path, public_host="9.9.9.9")
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.create_server(("127.0.0.1", 0)) as control,
        socket.create_server(("127.0.0.1", 0)) as metrics,
    ):
        udp.bind(("127.0.0.1", 0))
        found = await verdicts(
            tmp_path,
            port=udp.getsockname()[1],
            control_port=control.getsockname()[1],
            metrics_port=metrics.getsockname()[1],
        )
    assert {part: verdict.kind for part, verdict in found.items()} == {
        "settings": None,
        "header mask": None,
        "transit": None,
        "identity": None,
        "players' port": FailureKind.PORT_TAKEN,
        "control API": FailureKind.PORT_TAKEN,
        "metrics": FailureKind.PORT_TAKEN,
        "browsers' pings": None,
        "public address": FailureKind.CONFIG,
        "server": FailureKind.UNREACHABLE,
    }


async def test_without_an_identity_the_rest_is_still_tried(tmp_path: Path) -> None:
    found = await verdicts(tmp_path)
    assert found["identity"].kind is FailureKind.CONFIG
    assert found["players' port"].kind is None
    assert not identity_path(tmp_path).exists(), "a check changes nothing"


async def test_a_name_that_does_not_resolve_is_told(tmp_path: Path) -> None:
    enrolled_identity(tmp_path, public_host="no-such-host.invalid")
    assert (await verdicts(tmp_path))["public address"].kind is FailureKind.UNREACHABLE


async def test_whether_headers_are_masked_is_told(tmp_path: Path) -> None:
    assert (await verdicts(tmp_path))["header mask"].detail == "off"
    assert (await verdicts(tmp_path, mask=True))["header mask"].detail.startswith("on: ")


async def test_whether_the_relay_forwards_for_others_is_told(tmp_path: Path) -> None:
    assert "at most 1000 sessions" in (await verdicts(tmp_path))["transit"].detail
    assert (await verdicts(tmp_path, transit=False))["transit"].detail == "off"
    assert (await verdicts(tmp_path, mask=True))["transit"].detail == "off: masked headers"


async def test_a_port_that_players_are_not_told_is_pointed_out(tmp_path: Path) -> None:
    identity = enrolled_identity(tmp_path)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        port = udp.getsockname()[1]
    told = f"players use UDP port {identity.public_port}, this relay listens on {port}"
    assert told in (await verdicts(tmp_path, port=port))["public address"].detail
    assert "listens" not in (await verdicts(tmp_path, port=identity.public_port))["public address"].detail


async def test_where_browsers_pings_are_answered_is_told(tmp_path: Path) -> None:
    url = "https://relay1.example:8444/ping"
    assert (await verdicts(tmp_path))["browsers' pings"].detail == "off"
    assert url in (await verdicts(tmp_path, web_ping_url=url))["browsers' pings"].detail
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        found = await verdicts(tmp_path, web_ping_listen=listen, web_ping_url=url)
    assert found["browsers' pings"].kind is FailureKind.PORT_TAKEN
    found = await verdicts(
        tmp_path,
        web_ping_listen="127.0.0.1:0",
        web_ping_url=url,
        web_ping_certificate=tmp_path / "missing",
        web_ping_key=tmp_path / "missing",
    )
    assert found["browsers' pings"].kind is FailureKind.CONFIG
