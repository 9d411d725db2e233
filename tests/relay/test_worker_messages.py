"""What parent and workers say survives the way."""

from ipaddress import ip_address, ip_network
from pathlib import Path

import msgspec
import pytest

from plg.contract.relay_control import RegisterSessionRequest, RelayTransitInfo
from plg_relay.plane import PlaneStatus
from plg_relay.plane_identity import PlaneIdentity
from plg_relay.worker_messages import (
    LENGTH,
    ApplyPolicy,
    AskStatus,
    AskTransits,
    Done,
    EndSession,
    Register,
    Request,
    Start,
    StatusAnswer,
    Stop,
    TransitsAnswer,
    decode_answer,
    decode_request,
    encode,
)
from support.live_relay import lab_config, lab_policy


def test_a_start_message_carries_settings_and_identity(tmp_path: Path) -> None:
    identity = PlaneIdentity(
        relay_id=7,
        boot_id=b"12345678",
        boot_parity=1,
        own_addresses=frozenset({ip_address("1.2.3.4"), ip_address("::1")}),
        own_networks=(ip_network("1.2.3.4/32"),),
        own_ports=frozenset({1, 2}),
    )
    start = Start.of(lab_config(tmp_path), identity, lab_policy(), 2)
    received = decode_request(encode(start)[LENGTH.size :])
    assert isinstance(received, Start)
    assert received == start
    assert received.identity() == identity


@pytest.mark.parametrize(
    "request_",
    [
        AskStatus(),
        AskTransits(),
        Stop(),
        EndSession(2**64 - 1),
        Register(RegisterSessionRequest(cid="0" * 16)),
        ApplyPolicy(lab_policy()),
    ],
)
def test_requests_survive(request_: Request) -> None:
    sent = encode(request_)
    assert LENGTH.unpack(sent[: LENGTH.size])[0] == len(sent) - LENGTH.size
    assert decode_request(sent[LENGTH.size :]) == request_


def test_answers_survive_and_junk_is_refused() -> None:
    status = StatusAnswer(PlaneStatus(sessions=3, drops={"forged": 1}))
    row = RelayTransitInfo(
        cid="0" * 16, client="1.1.1.1:1", next_hop="2.2.2.2:2", age_s=1.0, idle_s=0.5, packets_up=1, packets_down=2,
        bytes_up=3, bytes_down=4,
    )  # fmt: skip
    assert decode_answer(encode(TransitsAnswer([row]))[LENGTH.size :]) == TransitsAnswer([row])
    assert decode_answer(encode(status)[LENGTH.size :]) == status
    assert decode_answer(encode(Done(found=False))[LENGTH.size :]) == Done(found=False)
    with pytest.raises(msgspec.MsgspecError):
        decode_request(b"\xc1junk")
