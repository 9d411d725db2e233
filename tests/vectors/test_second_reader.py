"""Every vector read, and where it gives all inputs built, by a reader that was written from SPEC.md alone."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from support import second_reader as outer
from support import second_reader_frames as frames
from support import second_reader_handshake as shake
from support import second_reader_tickets as tickets

HERE = Path(__file__).parent


def _load(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


DATA = _load("data.json")
FRAMES = _load("frames.json")
HANDSHAKE = _load("handshake.json")
KEYS = _load("keys.json")
MASK = _load("mask.json")
PROBES = _load("probes.json")
SEQUENCE = _load("sequence.json")
TICKETS = _load("tickets.json")

KEY_INPUTS = {"K", "client_nonce", "relay_nonce", "relay_id", "ticket_key", "control_key"}
DATA_FIELDS = {"rekeys", "suite", "direction", "key", "cid", "seq", "path", "copy", "phase", "body", "datagram"}
HELLOS = ["hello", "hello_transit"]
SEALED_WELCOMES = ["welcome", "welcome_ipv6_refused", "welcome_transit", "welcome_transit_refused"]


def _un(text: str) -> bytes:
    return bytes.fromhex(text)


def _number_cid(number: int) -> bytes:
    return number.to_bytes(8, "big")


def _direction_key(entry: dict[str, str]) -> outer.DirectionKey:
    return outer.DirectionKey(_un(entry["key"]), _un(entry["iv"]))


def _key_entry(key: outer.DirectionKey) -> dict[str, str]:
    return {"key": key.key.hex(), "iv": key.iv.hex()}


def _data_id(entry: dict[str, Any]) -> str:
    return "suite{suite}-{direction}-seq{seq}-path{path}-copy{copy}-phase{phase}".format(**entry)


def test_every_file_of_vectors_is_read_here() -> None:
    read = {"data", "frames", "handshake", "keys", "mask", "probes", "sequence", "tickets"}
    assert {path.stem for path in HERE.glob("*.json")} == read


def test_every_entry_of_the_files_that_are_no_lists_is_read_here() -> None:
    assert HANDSHAKE.keys() == {*HELLOS, "hello_refused", *SEALED_WELCOMES, "cookie", "no_session", "resume_token"}
    assert TICKETS.keys() == {"exit", "transit"}
    assert KEYS.keys() == KEY_INPUTS | DERIVED_KEYS.keys()


# keys.json


def _session_keys() -> tuple[outer.DirectionKey, outer.DirectionKey]:
    return outer.session_keys(_un(KEYS["K"]), _un(KEYS["client_nonce"]), _un(KEYS["relay_nonce"]), KEYS["relay_id"])


DERIVED_KEYS: dict[str, Any] = {
    "hello_mac_key": outer.hello_mac_key(_un(KEYS["K"])).hex(),
    "welcome_key": outer.welcome_key(_un(KEYS["K"]), _un(KEYS["client_nonce"])).hex(),
    "up": _key_entry(_session_keys()[0]),
    "down": _key_entry(_session_keys()[1]),
    "up_next_phase": _key_entry(_session_keys()[0].next_phase()),
    "probe_key": outer.probe_key(_un(KEYS["ticket_key"])).hex(),
    "mask_key": outer.mask_key(KEYS["control_key"]).hex(),
    "resume_key": outer.resume_key(_un(KEYS["ticket_key"])).hex(),
}


@pytest.mark.parametrize("name", DERIVED_KEYS)
def test_every_key_is_derived_as_the_vector_says(name: str) -> None:
    assert DERIVED_KEYS[name] == KEYS[name]


def test_hkdf_gives_what_the_third_case_of_its_rfc_gives() -> None:
    expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    assert outer.hkdf(b"\x0b" * 22, b"", b"", 42).hex() == expected


# sequence.json


@pytest.mark.parametrize("entry", SEQUENCE, ids=lambda entry: f"{entry['highest']}-{entry['seq32']}")
def test_every_short_sequence_number_expands_to_the_whole_one(entry: dict[str, int]) -> None:
    assert outer.expand_sequence(entry["highest"], entry["seq32"]) == entry["seq"]
    assert entry["seq"] % 2**32 == entry["seq32"]
    assert entry.keys() == {"highest", "seq32", "seq"}


# data.json


def _data_fields(entry: dict[str, Any]) -> outer.Data:
    body = _un(entry["body"])
    return outer.Data(
        cid=_un(entry["cid"]),
        down=entry["direction"] == "down",
        phase=entry["phase"],
        path=entry["path"],
        copy=entry["copy"],
        seq=entry["seq"],
        flow=body[0],
        payload=body[1:],
    )


@pytest.mark.parametrize("entry", DATA, ids=_data_id)
def test_every_data_datagram_opens_to_its_fields(entry: dict[str, Any]) -> None:
    key, datagram = _direction_key(entry["key"]), _un(entry["datagram"])
    down = entry["direction"] == "down"
    assert outer.read_data(datagram, key, entry["suite"], down=down, highest=entry["seq"] - 1) == _data_fields(entry)
    assert entry.keys() == DATA_FIELDS


@pytest.mark.parametrize("entry", DATA, ids=_data_id)
def test_every_data_datagram_is_built_byte_for_byte(entry: dict[str, Any]) -> None:
    built = outer.build_data(_data_fields(entry), _direction_key(entry["key"]), entry["suite"])
    assert built.hex() == entry["datagram"]


@pytest.mark.parametrize("entry", DATA, ids=_data_id)
def test_the_key_of_every_data_datagram_is_one_of_the_session(entry: dict[str, Any]) -> None:
    key = _session_keys()[entry["direction"] == "down"]
    for _ in range(entry["rekeys"]):
        key = key.next_phase()
    assert _direction_key(entry["key"]) == key
    assert entry["phase"] == entry["rekeys"] % 2


# frames.json


def _frame_fields(entry: dict[str, Any]) -> dict[str, frames.Value]:
    in_hex = {"payload", "resume_token", "data", "ticket"}
    return {
        name: _un(value) if name in in_hex else value for name, value in entry.items() if name not in {"frame", "bytes"}
    }


@pytest.mark.parametrize("entry", FRAMES, ids=lambda entry: entry["bytes"][:24])
def test_every_frame_is_read_to_its_fields(entry: dict[str, Any]) -> None:
    (frame,) = frames.read_frames(_un(entry["bytes"]))
    assert (frame.name, frame.fields) == (entry["frame"], _frame_fields(entry))


@pytest.mark.parametrize("entry", FRAMES, ids=lambda entry: entry["bytes"][:24])
def test_every_frame_is_built_byte_for_byte(entry: dict[str, Any]) -> None:
    assert frames.build_frame(entry["frame"], _frame_fields(entry)).hex() == entry["bytes"]


def test_all_frames_in_one_body_are_read_in_their_order() -> None:
    read = frames.read_frames(b"".join(_un(entry["bytes"]) for entry in FRAMES))
    assert [frame.name for frame in read] == [entry["frame"] for entry in FRAMES]


def test_the_vectors_show_every_opcode_of_the_table_that_says_something() -> None:
    assert {_un(entry["bytes"])[0] for entry in FRAMES} == set(range(1, 20))


# handshake.json


def _hello_fields(entry: dict[str, Any]) -> shake.Hello:
    return shake.Hello(
        cid=_number_cid(entry["cid"]),
        path=entry["path"],
        role=entry["role"],
        hello_ts_ms=entry["hello_ts_ms"],
        client_nonce=_un(entry["client_nonce"]),
        cookie_time_s=entry["cookie"]["time_s"],
        cookie_mac=_un(entry["cookie"]["mac"]),
        ticket=_un(entry["ticket"]),
        resume_token=_un(entry["resume_token"]),
    )


def _welcome_fields(entry: dict[str, Any]) -> shake.Welcome:
    return shake.Welcome(
        cid=_un(entry["cid"]),
        path=entry["path"],
        status=entry["status"],
        relay_nonce=_un(entry["relay_nonce"]),
        relay_time_ms=entry["relay_time_ms"],
        boot_id=_un(entry["boot_id"]),
        observed_address=entry["observed_address"],
        observed_port=entry["observed_port"],
        caps=tickets.Caps(**{name: entry[name] for name in tickets.Caps.__slots__}),
        resume_token=_un(entry["resume_token"]),
    )


@pytest.mark.parametrize("name", HELLOS)
def test_every_hello_is_read_to_its_fields_and_built_byte_for_byte(name: str) -> None:
    entry = HANDSHAKE[name]
    secret, datagram, fields = _un(entry["K"]), _un(entry["datagram"]), _hello_fields(entry)
    assert shake.read_hello(secret, datagram) == fields
    assert shake.build_hello(secret, fields) == datagram
    assert entry.keys() - {"K", "cookie", "datagram"} == asdict(fields).keys() - {"cookie_time_s", "cookie_mac"}


@pytest.mark.parametrize("entry", HANDSHAKE["hello_refused"], ids=lambda entry: entry["why"])
def test_every_hello_that_breaks_one_rule_is_refused(entry: dict[str, str]) -> None:
    with pytest.raises(outer.Refused):
        shake.read_hello(_un(entry["K"]), _un(entry["datagram"]))


def test_a_transit_is_asked_with_its_own_ticket_and_answers_with_its_caps_alone() -> None:
    hello, welcome, ticket = HANDSHAKE["hello_transit"], HANDSHAKE["welcome_transit"], TICKETS["transit"]
    assert (hello["ticket"], hello["K"], welcome["K"]) == (ticket["token"], ticket["secret"], ticket["secret"])
    assert (hello["cid"], hello["path"]) == (int(welcome["cid"], 16), welcome["path"])
    assert (_un(welcome["relay_nonce"]), welcome["flows"], welcome["local_ports"], welcome["resume_token"]) == (
        bytes(16),
        0,
        0,
        "",
    )
    rates = ("packets_per_second", "kbit_per_second_up", "kbit_per_second_down")
    assert [welcome[rate] for rate in rates] == [ticket[rate] for rate in rates]


@pytest.mark.parametrize("name", SEALED_WELCOMES)
def test_every_welcome_is_read_to_its_fields_and_built_byte_for_byte(name: str) -> None:
    entry = HANDSHAKE[name]
    secret, client_nonce, datagram = _un(entry["K"]), _un(entry["client_nonce"]), _un(entry["datagram"])
    fields = _welcome_fields(entry)
    assert shake.read_welcome(secret, client_nonce, datagram) == fields
    assert shake.build_welcome(secret, client_nonce, datagram[10:22], fields) == datagram
    read = asdict(fields).keys() - {"caps"} | asdict(fields.caps).keys()
    assert entry.keys() - {"K", "client_nonce", "datagram"} == read


def test_the_cookie_is_read_to_its_fields_and_built_byte_for_byte() -> None:
    entry = HANDSHAKE["cookie"]
    address, port = entry["source"]
    mac = shake.cookie_mac(_un(entry["secret"]), address, port, _un(entry["client_nonce"]), entry["time_s"])
    fields = shake.Cookie(_un(entry["cid"]), entry["time_s"], mac)
    assert shake.read_cookie(_un(entry["datagram"])) == fields
    assert shake.build_cookie(fields).hex() == entry["datagram"]
    assert entry.keys() == {"secret", "source", "client_nonce", "cid", "time_s", "datagram"}


def test_no_session_is_read_to_its_cid_and_built_byte_for_byte() -> None:
    entry = HANDSHAKE["no_session"]
    assert shake.read_no_session(_un(entry["datagram"])).hex() == entry["cid"]
    assert shake.build_no_session(_un(entry["cid"])).hex() == entry["datagram"]
    assert entry.keys() == {"cid", "datagram"}


def test_the_resume_token_is_read_to_its_fields_and_built_byte_for_byte() -> None:
    entry = HANDSHAKE["resume_token"]
    key, token = _un(entry["resume_key"]), _un(entry["token"])
    ports = tuple((local, remote) for local, remote in entry["ports"])
    fields = tickets.ResumeToken(_number_cid(entry["cid"]), entry["issued_at_s"], ports)
    assert tickets.read_resume_token(key, entry["relay_id"], token) == fields
    assert tickets.build_resume_token(key, entry["relay_id"], token[:12], fields) == token
    assert entry.keys() - {"resume_key", "relay_id", "token"} == asdict(fields).keys()


# tickets.json


def _exit_fields(entry: dict[str, Any]) -> tickets.ExitTicket:
    return tickets.ExitTicket(
        suite=entry["suite"],
        max_paths=entry["max_paths"],
        cid=_number_cid(entry["cid"]),
        user_ref=entry["user_ref"].to_bytes(8, "big"),
        issued_at_s=entry["issued_at_s"],
        expires_at_s=entry["expires_at_s"],
        secret=_un(entry["secret"]),
        profile_id=entry["profile_id"],
        profile_revision=entry["profile_revision"],
        caps=tickets.Caps(**entry["caps"]),
        transits=tuple((path, _un(address)) for path, address in entry["transits"]),
        targets=tuple(tickets.Target(**target) for target in entry["targets"]),
    )


def _transit_fields(entry: dict[str, Any]) -> tickets.TransitTicket:
    as_they_are = ("issued_at_s", "expires_at_s", "next_hop_port")
    rates = ("packets_per_second", "kbit_per_second_up", "kbit_per_second_down")
    return tickets.TransitTicket(
        cid=_number_cid(entry["cid"]),
        secret=_un(entry["secret"]),
        next_hop=_un(entry["next_hop"]),
        **{name: entry[name] for name in as_they_are + rates},
    )


def _check_ticket(
    entry: dict[str, Any], role: int, body: bytes, fields: tickets.ExitTicket | tickets.TransitTicket
) -> bytes:
    key, token = _un(entry["ticket_key"]), _un(entry["token"])
    sealed = tickets.seal_ticket(
        key, entry["relay_id"], role, key_id=entry["key_id"], nonce=_un(entry["nonce"]), body=body
    )
    assert sealed == token
    assert entry.keys() - {"ticket_key", "relay_id", "key_id", "nonce", "token"} == asdict(fields).keys()
    return tickets.open_ticket({entry["key_id"]: key}, entry["relay_id"], role, token)


def test_the_exit_ticket_is_read_to_its_fields_and_built_byte_for_byte() -> None:
    entry = TICKETS["exit"]
    fields = _exit_fields(entry)
    opened = _check_ticket(entry, tickets.EXIT, tickets.build_exit_body(fields), fields)
    assert tickets.read_exit_body(opened) == fields


def test_the_transit_ticket_is_read_to_its_fields_and_built_byte_for_byte() -> None:
    entry = TICKETS["transit"]
    fields = _transit_fields(entry)
    opened = _check_ticket(entry, tickets.TRANSIT, tickets.build_transit_body(fields), fields)
    assert tickets.read_transit_body(opened) == fields


# probes.json


def test_the_probes_are_read_to_their_fields_and_built_byte_for_byte() -> None:
    key, token = outer.probe_key(_un(PROBES["ticket_key"])), _un(PROBES["token"])
    question = shake.Probe(_un(PROBES["random"]), 0, token, PROBES["probe_id"], PROBES["t1_us"], 0, 0)
    answer = replace(
        question, flags=PROBES["draining"] | PROBES["full"] << 1, t2_us=PROBES["t2_us"], t3_us=PROBES["t3_us"]
    )
    assert shake.read_lping(_un(PROBES["lping"])) == question
    assert shake.read_lpong(_un(PROBES["lpong"])) == answer
    assert (answer.draining, answer.full) == (PROBES["draining"], PROBES["full"])
    assert shake.build_lping(question).hex() == PROBES["lping"]
    assert shake.build_lpong(answer).hex() == PROBES["lpong"]
    assert shake.build_probe_token(key, PROBES["expires_at_s"], _un(PROBES["serial"])) == token
    parts = shake.read_probe_token(key, token, PROBES["expires_at_s"])
    assert parts == (PROBES["expires_at_s"], _un(PROBES["serial"]))


def test_the_address_as_seen_is_asked_for_told_and_read() -> None:
    token, plain = _un(PROBES["token"]), shake.read_lpong(_un(PROBES["lpong"]))
    asking = replace(shake.read_lping(_un(PROBES["lping"])), flags=4)
    assert shake.build_lping(asking).hex() == PROBES["lping_asking"]
    assert shake.read_lping(_un(PROBES["lping_asking"])).asks_or_tells_address
    for told in PROBES["told"]:
        answer = replace(plain, flags=plain.flags | 4, token=shake.hide_seen(token, told["address"], told["port"]))
        assert shake.build_lpong(answer).hex() == told["lpong"]
        assert shake.read_seen(shake.read_lpong(_un(told["lpong"])), token) == (told["address"], told["port"])


# mask.json


@pytest.mark.parametrize("entry", MASK, ids=lambda entry: entry["datagram"][:20])
def test_every_mask_goes_on_and_comes_off_as_the_vector_says(entry: dict[str, str]) -> None:
    key, plain, masked = _un(entry["mask_key"]), _un(entry["datagram"]), _un(entry["masked"])
    assert outer.toggle_mask(key, plain) == masked
    assert outer.toggle_mask(key, masked) == plain
    assert key.hex() == KEYS["mask_key"]
    assert entry.keys() == {"mask_key", "datagram", "masked"}
