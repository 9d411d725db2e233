"""Pings past the capture."""

import socket

import pytest

from plg.tunnel.counterfactual import DirectTarget
from plg.tunnel.direct_pinger import NAME_KEPT_S, DirectPinger
from support.fake_time import FakeClock


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


async def test_a_host_is_measured_through_prepared_sockets() -> None:
    prepared: list[socket.socket] = []
    pinger = DirectPinger(FakeClock(), prepared.append)
    ping = await pinger.measure(DirectTarget("127.0.0.1", "tcp", free_port(), estimated=False), 2)
    assert ping.method == "tcp"
    assert ping.rtt_ms is not None
    assert len(prepared) == 2


async def test_a_name_without_an_address_was_not_measured() -> None:
    ping = await DirectPinger(FakeClock(), lambda _: None).measure(
        DirectTarget("no-such-host.invalid", "tcp", 9, estimated=False), 1
    )
    assert (ping.method, ping.rtt_ms, ping.reason) == (None, None, "name not known")


async def test_a_name_is_looked_up_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    pinger = DirectPinger(clock, lambda _: None)
    target = DirectTarget("localhost", "tcp", free_port(), estimated=False)
    await pinger.measure(target, 1)
    monkeypatch.setattr(socket, "getaddrinfo", _numbers_only)
    assert (await pinger.measure(target, 1)).method == "tcp"
    clock.run(NAME_KEPT_S + 1)
    assert (await pinger.measure(target, 1)).reason == "name not known"


_real = socket.getaddrinfo


def _numbers_only(host: str, *rest: object, **more: object) -> object:
    if host == "localhost":
        raise OSError("no such name")
    return _real(host, *rest, **more)  # type: ignore[arg-type]  # handed on as they came
