"""What both roles share."""

import pytest

from plg.protocol.constants import MAX_PAYLOAD, MAX_PAYLOAD_PER_DATAGRAM
from plg.protocol.errors import ProtocolMisuse
from plg.protocol.events import PayloadReceived
from plg.protocol.keys import session_keys
from plg.protocol.payload_sender import FLOW_BYTES
from plg.protocol.session_core import Channel
from support.protocol_pair import FLOW, Pair


def test_each_role_opens_what_the_other_seals() -> None:
    keys = session_keys(bytes(32), bytes(16), bytes(16), 1)
    client = Channel(keys, 1, 5, is_client=True, now=0.0)
    relay = Channel(keys, 1, 5, is_client=False, now=0.0)
    up = client.sealer.seal(FLOW_BYTES[1] + b"up")
    down = relay.sealer.seal(FLOW_BYTES[1] + b"down")
    assert relay.opener.open(up, up[0], up[9], 0) == b"\1up"
    assert client.opener.open(down, down[0], down[9], 0) == b"\1down"


@pytest.mark.parametrize("length", [1, MAX_PAYLOAD_PER_DATAGRAM, MAX_PAYLOAD_PER_DATAGRAM + 1, 1400, MAX_PAYLOAD])
def test_payloads_of_every_carried_length_arrive_whole_both_ways(length: int) -> None:
    pair = Pair().established()
    pair.send(b"open")
    pair.run(0.1)
    payload = bytes(i % 251 for i in range(length))
    assert pair.send(payload)
    if length > MAX_PAYLOAD_PER_DATAGRAM:
        for path, datagram in pair.session.send_large_payload(1, payload, pair.now):
            pair.client.receive_datagram(datagram, path, pair.now)
    else:
        pair.reply(1, payload)
    pair.run(0.1)
    assert (1, payload) in pair.up_payloads
    assert PayloadReceived(FLOW, payload) in pair.client_events


def test_too_long_a_first_payload_opens_the_flow_and_follows_in_fragments() -> None:
    pair = Pair().established()
    assert pair.send(b"x" * 1400)
    pair.run(0.1)
    assert pair.up_payloads == [(1, b"x" * 1400)]


def test_what_fits_one_datagram_is_no_business_of_fragments() -> None:
    pair = Pair().established()
    with pytest.raises(ProtocolMisuse):
        pair.session.send_large_payload(1, b"short", pair.now)
