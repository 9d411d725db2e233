"""What SPEC.md tells a reader to refuse, the second reader refuses: wrong lengths, flipped bytes, numbers out of the window."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import second_reader as outer
from support import second_reader_handshake as shake
from support import second_reader_tickets as tickets
from support.second_reader import Refused

HERE = Path(__file__).parent


def _load(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


DATA = _load("data.json")
HANDSHAKE = _load("handshake.json")
KEYS = _load("keys.json")
PROBES = _load("probes.json")
TICKETS = _load("tickets.json")

SECRET = bytes.fromhex(KEYS["K"])
CLIENT_NONCE = bytes.fromhex(KEYS["client_nonce"])
TICKET_KEY = bytes.fromhex(KEYS["ticket_key"])
RELAY_ID: int = KEYS["relay_id"]
KEY_ID: int = TICKETS["exit"]["key_id"]
NONCE = bytes.fromhex(TICKETS["exit"]["nonce"])
PROBE_TOKEN = bytes.fromhex(PROBES["token"])
HELLO_BYTES = bytes.fromhex(HANDSHAKE["hello"]["datagram"])
ROLES = {"exit": tickets.EXIT, "transit": tickets.TRANSIT}
BODIES = {
    name: tickets.open_ticket({KEY_ID: TICKET_KEY}, RELAY_ID, role, bytes.fromhex(TICKETS[name]["token"]))
    for name, role in ROLES.items()
}

DATAGRAMS: dict[str, bytes] = {
    "DATA": bytes.fromhex(DATA[0]["datagram"]),
    "HELLO": HELLO_BYTES,
    "WELCOME": bytes.fromhex(HANDSHAKE["welcome"]["datagram"]),
    "COOKIE": bytes.fromhex(HANDSHAKE["cookie"]["datagram"]),
    "NO_SESSION": bytes.fromhex(HANDSHAKE["no_session"]["datagram"]),
    "LPING": bytes.fromhex(PROBES["lping"]),
    "LPONG": bytes.fromhex(PROBES["lpong"]),
}


def _flipped(content: bytes, at: int, bit: int = 0x10) -> bytes:
    changed = bytearray(content)
    changed[at] ^= bit
    return bytes(changed)


def _patched_hello(at: int, piece: bytes) -> bytes:
    """The HELLO of the vectors with a piece changed and a mac that fits again."""
    head = HELLO_BYTES[: shake.HELLO_MAC_AT]
    return shake.with_hello_mac(SECRET, head[:at] + piece + head[at + len(piece) :])


def _refuses(read: Callable[[bytes], object], content: bytes) -> bool:
    try:
        read(content)
    except Refused:
        return True
    return False


def _key(entry: dict[str, Any]) -> outer.DirectionKey:
    return outer.DirectionKey(bytes.fromhex(entry["key"]["key"]), bytes.fromhex(entry["key"]["iv"]))


def _read_data(entry: dict[str, Any], datagram: bytes) -> outer.Data:
    return outer.read_data(
        datagram, _key(entry), entry["suite"], down=entry["direction"] == "down", highest=entry["seq"] - 1
    )


# Outer bytes


@pytest.mark.parametrize("name", ["HELLO", "COOKIE", "NO_SESSION", "LPING", "LPONG"])
@pytest.mark.parametrize("change", [-1, 1])
def test_a_type_of_one_length_is_refused_at_any_other(name: str, change: int) -> None:
    datagram = DATAGRAMS[name]
    assert _refuses(outer.read_outer, datagram[:change] if change < 0 else datagram + b"\0")


def test_data_under_31_bytes_and_welcome_over_512_are_refused() -> None:
    assert _refuses(outer.read_outer, DATAGRAMS["DATA"][:30])
    assert outer.read_outer(DATAGRAMS["DATA"][:31]).kind == outer.DATA
    assert _refuses(outer.read_outer, DATAGRAMS["WELCOME"].ljust(513, b"\0"))
    assert outer.read_outer(DATAGRAMS["WELCOME"].ljust(512, b"\0")).kind == outer.WELCOME


@pytest.mark.parametrize("name", DATAGRAMS)
@pytest.mark.parametrize("bit", [0x80, 0x40, 0x01], ids=["version-high", "version-low", "red"])
def test_another_version_or_red_is_refused_in_every_type(name: str, bit: int) -> None:
    assert _refuses(outer.read_outer, _flipped(DATAGRAMS[name], 0, bit))


@pytest.mark.parametrize("name", [name for name in DATAGRAMS if name != "DATA"])
@pytest.mark.parametrize("bit", [4, 2], ids=["phase", "direction"])
def test_phase_and_direction_are_refused_outside_data(name: str, bit: int) -> None:
    assert _refuses(outer.read_outer, _flipped(DATAGRAMS[name], 0, bit))


def test_an_empty_datagram_and_the_eighth_type_are_refused() -> None:
    assert _refuses(outer.read_outer, b"")
    assert _refuses(outer.read_outer, bytes([0b01_111_000]) + bytes(63))


# DATA and sequence numbers


@pytest.mark.parametrize("entry", DATA, ids=lambda entry: entry["datagram"][:28])
def test_data_with_any_byte_changed_is_refused(entry: dict[str, Any]) -> None:
    datagram = bytes.fromhex(entry["datagram"])
    for at in range(len(datagram)):
        assert _refuses(lambda changed: _read_data(entry, changed), _flipped(datagram, at)), at
        assert _refuses(lambda changed: _read_data(entry, changed), _flipped(datagram, at, 1)), at


@pytest.mark.parametrize("bit", [1, 2, 4])
def test_data_with_a_low_bit_in_p_is_refused_even_when_its_tag_is_right(bit: int) -> None:
    key = _key(DATA[0])
    head = DATAGRAMS["DATA"][:9] + bytes([bit]) + bytes(4)
    nonce = bytes([key.iv[0] ^ bit]) + key.iv[1:]
    datagram = head + outer.seal_aes(key.key, nonce, b"\x09payload", head)
    assert _refuses(lambda changed: _read_data(DATA[0], changed), datagram)


def test_data_of_one_direction_phase_or_suite_does_not_open_as_another() -> None:
    up = DATA[0]
    down_key = next(_key(entry) for entry in DATA if entry["direction"] == "down")
    datagram = bytes.fromhex(up["datagram"])
    with pytest.raises(Refused):
        outer.read_data(datagram, down_key, 1, down=True)
    with pytest.raises(Refused):
        outer.read_data(datagram, _key(up).next_phase(), 1, down=False)
    with pytest.raises(Refused):
        outer.read_data(datagram, _key(up), 2, down=False)
    with pytest.raises(Refused):
        outer.read_data(datagram, _key(up), 3, down=False)


@pytest.mark.parametrize(("behind", "opens"), [(0, True), (2047, True), (2048, False), (2049, False)])
def test_numbers_at_or_below_the_highest_less_2048_are_dropped(behind: int, opens: bool) -> None:
    key, highest = _key(DATA[0]), 2**33 + 5
    sent = outer.Data(bytes(8), False, 0, 0, 0, highest - behind, 9, b"payload")
    datagram = outer.build_data(sent, key, 1)
    if opens:
        assert outer.read_data(datagram, key, 1, down=False, highest=highest) == sent
    else:
        with pytest.raises(Refused, match="window"):
            outer.read_data(datagram, key, 1, down=False, highest=highest)


def test_a_number_whose_nearest_expansion_is_negative_is_dropped() -> None:
    assert outer.expand_sequence(-1, 2**32 - 1) == -1
    datagram = outer.build_data(outer.Data(bytes(8), False, 0, 0, 0, 2**32 - 1, 9, b""), _key(DATA[0]), 1)
    with pytest.raises(Refused, match="window"):
        outer.read_data(datagram, _key(DATA[0]), 1, down=False)


def test_of_two_equally_near_numbers_the_higher_is_taken_as_in_the_rfc() -> None:
    assert outer.expand_sequence(2**33 - 1, 2**31) == 2**33 + 2**31


# Hand-shake


def test_a_hello_with_any_byte_changed_is_refused() -> None:
    for at in range(len(HELLO_BYTES)):
        assert _refuses(lambda changed: shake.read_hello(SECRET, changed), _flipped(HELLO_BYTES, at, 1)), at


def test_a_hello_of_another_secret_is_refused() -> None:
    assert _refuses(lambda changed: shake.read_hello(bytes(32), changed), HELLO_BYTES)


@pytest.mark.parametrize(
    ("at", "piece"),
    [
        pytest.param(9, b"\x02", id="version"),
        pytest.param(10, b"\x08", id="path"),
        pytest.param(11, b"\x01", id="transit-of-path-0"),
        pytest.param(10, b"\x01\x01", id="transit-with-a-resume-token"),
        pytest.param(11, b"\x02", id="role"),
        pytest.param(56, (449).to_bytes(2, "big"), id="ticket-length"),
        pytest.param(58, (113).to_bytes(2, "big"), id="resume-token-length"),
        pytest.param(623, b"\x01", id="padding"),
    ],
)
def test_a_hello_with_a_right_mac_and_a_forbidden_field_is_refused(at: int, piece: bytes) -> None:
    assert _refuses(lambda changed: shake.read_hello(SECRET, changed), _patched_hello(at, piece))


def test_the_largest_ticket_and_resume_token_fit_together_and_no_cookie_is_all_zero() -> None:
    hello = shake.Hello(bytes(8), 7, 0, 1, CLIENT_NONCE, 0, bytes(16), b"t" * 448, b"r" * 112)
    datagram = shake.build_hello(SECRET, hello)
    assert len(datagram) == 640
    assert datagram[36:56] == bytes(20)
    assert shake.read_hello(SECRET, datagram) == hello


@pytest.mark.parametrize("name", ["welcome", "welcome_ipv6_refused"])
def test_a_welcome_with_any_byte_changed_or_cut_is_refused(name: str) -> None:
    datagram = bytes.fromhex(HANDSHAKE[name]["datagram"])
    for at in range(len(datagram)):
        assert _refuses(lambda changed: shake.read_welcome(SECRET, CLIENT_NONCE, changed), _flipped(datagram, at, 1))
        assert _refuses(lambda changed: shake.read_welcome(SECRET, CLIENT_NONCE, changed), datagram[:at])


def test_a_welcome_for_another_nonce_or_secret_is_refused() -> None:
    assert _refuses(lambda datagram: shake.read_welcome(SECRET, bytes(16), datagram), DATAGRAMS["WELCOME"])
    assert _refuses(lambda datagram: shake.read_welcome(bytes(32), CLIENT_NONCE, datagram), DATAGRAMS["WELCOME"])


def test_a_cookie_mac_depends_on_everything_it_names() -> None:
    right = ("198.20.0.9", 54321, CLIENT_NONCE, 1_800_000_000)
    others = [
        ("198.20.0.8", *right[1:]),
        (right[0], 54322, *right[2:]),
        (*right[:2], bytes(16), right[3]),
        (*right[:3], right[3] + 1),
    ]
    macs = {shake.cookie_mac(SECRET, *right), *(shake.cookie_mac(SECRET, *other) for other in others)}
    assert len(macs) == 5


def test_a_resume_token_changed_cut_or_of_another_relay_is_refused() -> None:
    entry = HANDSHAKE["resume_token"]
    right, token = bytes.fromhex(entry["resume_key"]), bytes.fromhex(entry["token"])
    for at in range(len(token)):
        assert _refuses(lambda changed: tickets.read_resume_token(right, RELAY_ID, changed), _flipped(token, at))
        assert _refuses(lambda changed: tickets.read_resume_token(right, RELAY_ID, changed), token[:at])
    assert _refuses(lambda changed: tickets.read_resume_token(right, RELAY_ID + 1, changed), token)
    assert _refuses(lambda changed: tickets.read_resume_token(bytes(32), RELAY_ID, changed), token)


# Tickets


def _read_ticket(name: str, ticket: bytes, relay_id: int = RELAY_ID) -> object:
    body = tickets.open_ticket({KEY_ID: TICKET_KEY}, relay_id, ROLES[name], ticket)
    return tickets.read_exit_body(body) if name == "exit" else tickets.read_transit_body(body)


def _resealed(name: str, body: bytes) -> bytes:
    return tickets.seal_ticket(TICKET_KEY, RELAY_ID, ROLES[name], key_id=KEY_ID, nonce=NONCE, body=body)


@pytest.mark.parametrize("name", ROLES)
def test_a_ticket_with_any_byte_changed_or_cut_is_refused(name: str) -> None:
    token = bytes.fromhex(TICKETS[name]["token"])
    for at in range(len(token)):
        assert _refuses(lambda changed: _read_ticket(name, changed), _flipped(token, at)), at
        assert _refuses(lambda changed: _read_ticket(name, changed), token[:at]), at


@pytest.mark.parametrize("name", ROLES)
def test_a_ticket_of_another_relay_or_role_is_refused(name: str) -> None:
    token = bytes.fromhex(TICKETS[name]["token"])
    other = "transit" if name == "exit" else "exit"
    assert _refuses(lambda ticket: _read_ticket(name, ticket, RELAY_ID + 1), token)
    assert _refuses(lambda ticket: _read_ticket(other, ticket), token)


@pytest.mark.parametrize("name", ROLES)
def test_a_ticket_body_of_another_version_or_with_a_byte_more_or_less_is_refused(name: str) -> None:
    body = BODIES[name]
    assert not _refuses(lambda ticket: _read_ticket(name, ticket), _resealed(name, body))
    for changed in (b"\x02" + body[1:], body + b"\0", body[:-1]):
        assert _refuses(lambda ticket: _read_ticket(name, ticket), _resealed(name, changed))


def test_an_exit_ticket_with_a_flag_an_unknown_suite_or_nine_targets_is_refused() -> None:
    body = BODIES["exit"]
    targets_at = 76 + 1 + 17
    target = body[targets_at + 1 : targets_at + 23]
    for changed in (body[:1] + b"\x03" + body[2:], body[:2] + b"\x01" + body[3:]):
        assert _refuses(lambda ticket: _read_ticket("exit", ticket), _resealed("exit", changed))
    eight, nine = (body[:targets_at] + bytes([count]) + target * count for count in (8, 9))
    assert not _refuses(lambda ticket: _read_ticket("exit", ticket), _resealed("exit", eight))
    assert _refuses(lambda ticket: _read_ticket("exit", ticket), _resealed("exit", nine))


def test_a_target_with_a_strange_family_or_bytes_after_ipv4_is_refused() -> None:
    body, target_at = BODIES["exit"], 76 + 1 + 17 + 1
    for at in (target_at, target_at + 16):
        changed = body[:at] + b"\x05" + body[at + 1 :]
        assert _refuses(lambda ticket: _read_ticket("exit", ticket), _resealed("exit", changed))


def test_a_ticket_over_448_bytes_is_refused() -> None:
    sealed = tickets.seal_ticket(TICKET_KEY, RELAY_ID, 0, key_id=KEY_ID, nonce=NONCE, body=bytes(448 - 29))
    assert tickets.open_ticket({KEY_ID: TICKET_KEY}, RELAY_ID, 0, sealed) == bytes(448 - 29)
    longer = tickets.seal_ticket(TICKET_KEY, RELAY_ID, 0, key_id=KEY_ID, nonce=NONCE, body=bytes(449 - 29))
    with pytest.raises(Refused, match="too long"):
        tickets.open_ticket({KEY_ID: TICKET_KEY}, RELAY_ID, 0, longer)


def test_a_ticket_is_accepted_a_minute_around_its_time_and_not_beyond() -> None:
    accepted = [tickets.accepted_at(now, 1000, 2000) for now in (939, 941, 1500, 2059, 2061)]
    assert accepted == [False, True, True, True, False]


# Probes


def test_a_probe_token_changed_cut_or_expired_is_refused() -> None:
    key, now = outer.probe_key(TICKET_KEY), PROBES["expires_at_s"] - 60
    assert not _refuses(lambda token: shake.read_probe_token(key, token, now), PROBE_TOKEN)
    for at in range(len(PROBE_TOKEN)):
        assert _refuses(lambda token: shake.read_probe_token(key, token, now), _flipped(PROBE_TOKEN, at)), at
        assert _refuses(lambda token: shake.read_probe_token(key, token, now), PROBE_TOKEN[:at]), at
    assert _refuses(lambda token: shake.read_probe_token(key, token, now + 61), PROBE_TOKEN)
    assert _refuses(lambda token: shake.read_probe_token(bytes(32), token, now), PROBE_TOKEN)


@pytest.mark.parametrize("at", [9, 48, 63], ids=["flags", "t2", "t3"])
def test_a_question_with_flags_or_the_times_of_an_answer_is_refused(at: int) -> None:
    assert _refuses(shake.read_lping, _flipped(DATAGRAMS["LPING"], at, 1))


@pytest.mark.parametrize("bits", [1, 2, 4 | 1, 8, 0xF8])
def test_a_question_with_a_flag_that_no_question_has_is_refused(bits: int) -> None:
    assert _refuses(shake.read_lping, _flipped(DATAGRAMS["LPING"], 9, bits))


def test_an_address_under_another_token_or_never_told_is_refused() -> None:
    told = bytes.fromhex(PROBES["told"][0]["lpong"])
    assert not _refuses(lambda datagram: shake.read_seen(shake.read_lpong(datagram), PROBE_TOKEN), told)
    for at in range(10):
        other = _flipped(PROBE_TOKEN, at)
        assert _refuses(lambda token: shake.read_seen(shake.read_lpong(told), token), other), at
    assert _refuses(lambda datagram: shake.read_seen(shake.read_lpong(datagram), PROBE_TOKEN), DATAGRAMS["LPONG"])


def test_no_datagram_is_read_as_another_type() -> None:
    readers: dict[str, Callable[[bytes], object]] = {
        "DATA": lambda datagram: _read_data(DATA[0], datagram),
        "HELLO": lambda datagram: shake.read_hello(SECRET, datagram),
        "WELCOME": lambda datagram: shake.read_welcome(SECRET, CLIENT_NONCE, datagram),
        "COOKIE": shake.read_cookie,
        "NO_SESSION": shake.read_no_session,
        "LPING": shake.read_lping,
        "LPONG": shake.read_lpong,
    }
    for kind, read in readers.items():
        assert [name for name, datagram in DATAGRAMS.items() if not _refuses(read, datagram)] == [kind]


# Mask


def test_a_datagram_under_30_bytes_takes_no_mask_and_one_of_30_does() -> None:
    key = bytes.fromhex(KEYS["mask_key"])
    for name, datagram in DATAGRAMS.items():
        if name == "NO_SESSION":
            assert _refuses(lambda plain: outer.toggle_mask(key, plain), datagram)
        else:
            assert outer.toggle_mask(key, outer.toggle_mask(key, datagram)) == datagram
