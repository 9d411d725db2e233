"""Writes the golden vectors from the implementation: `python tests/vectors/make_vectors.py`.

Run it only when SPEC.md changes on purpose; the files are then read by `tests/protocol/test_vectors.py` (the implementation must
still say the same) and by `second_reader.py`, which was written from SPEC.md alone.
"""

import json
from dataclasses import replace
from hashlib import blake2s
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from plg.protocol import frames, handshake, header, keys, probe, ticket
from plg.protocol.errors import WelcomeStatus
from plg.protocol.fragments import split_payload
from plg.protocol.mask import HeaderMask
from plg.protocol.packet_crypto import PacketSealer

HERE = Path(__file__).parent
K = bytes(range(32))
TICKET_KEY = bytes(range(64, 96))
CLIENT_NONCE = bytes(range(16))
RELAY_NONCE = bytes(range(16, 32))
NONCE12 = bytes(range(200, 212))
CONTROL_KEY = "plgc_control-key-of-a-relay"
RELAY_ID = 0xC0FFEE01
CID = 0x0123456789ABCDEF

EXIT = ticket.ExitTicket(
    cid=CID, user_ref=0xDEADBEEF00C0FFEE, issued_at_s=1_800_000_000, expires_at_s=1_800_014_400, secret=K,
    profile_id=7, profile_revision=3, suite=1, max_paths=2, caps=ticket.TicketCaps(601, 1501, 6001, 65, 17),
    transits=((1, ip_address("2600::1").packed),),
    targets=(ticket.TicketTarget(ip_network("198.20.0.0/24"), 27015, 27050), ticket.TicketTarget(ip_network("2600:9000::/28"), 5, 6)),
)  # fmt: skip
HELLO = handshake.Hello(
    CID, 0, 1_800_000_000_123, CLIENT_NONCE, b"TICKET BYTES", b"RESUME", handshake.Cookie(1_800_000_000, b"c" * 16)
)
TRANSIT_SECRET = bytes(range(32, 64))
TRANSIT = ticket.TransitTicket(
    CID, 1_800_000_000, 1_800_014_400, TRANSIT_SECRET, ip_address("2600::1").packed, 443, 600, 1500, 6000
)
TRANSIT_HELLO = handshake.Hello(
    CID, 2, 1_800_000_000_124, CLIENT_NONCE, ticket.seal_transit_ticket(TRANSIT, TICKET_KEY, 5, RELAY_ID, NONCE12), role=ticket.ROLE_TRANSIT
)  # fmt: skip
WELCOME = handshake.Welcome(
    WelcomeStatus.OK, RELAY_NONCE, 1_800_000_000_456, b"boot-id!", ip_address("198.20.0.9"), 54321, 600, 1500, 6000, 64, 16, b"RESUME2"
)  # fmt: skip
FRAMES: list[frames.Frame] = [
    frames.Ping(1, 0xFFFFFFF0, 77), frames.Pong(1, 0xFFFFFFF0, 5, 9, 70, 80, 123456, 65535),
    frames.FlowOpen(9, 50000, 0, ip_address("198.20.0.7"), 27015, b"hi"), frames.FlowOpen(254, 1, 2, ip_address("2600::7"), 65535, b""),
    frames.FlowOk(9, b"token"), frames.FlowDeny(9, 5), frames.PathChallenge(b"12345678"), frames.PathResponse(b"12345678"),
    frames.Stats(1, 2, 3, 4, 5, 6, 7, 8), frames.Drain(30), frames.Egress(2), frames.Close(4), frames.TicketRenewal(b"TICKET"),
    frames.TicketAccepted(1_800_014_400), frames.FlowClose(9), *split_payload(6, 9, b"abcde"), frames.OverCap(7, 8),
    frames.Repeat(3, 9, b"old"), frames.Payload(9, b"new"), frames.PathChoice(1, True, 2, 150),
]  # fmt: skip


def plain(value: Any) -> Any:
    """JSON for dataclasses: bytes as hex, addresses as text."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value if isinstance(value, int | str | bool) or value is None else str(value)


def key_vectors() -> dict[str, Any]:
    session = keys.session_keys(K, CLIENT_NONCE, RELAY_NONCE, RELAY_ID)
    return {
        "K": K.hex(), "client_nonce": CLIENT_NONCE.hex(), "relay_nonce": RELAY_NONCE.hex(), "relay_id": RELAY_ID, "ticket_key": TICKET_KEY.hex(), "control_key": CONTROL_KEY,
        "hello_mac_key": keys.hello_mac_key(K).hex(), "welcome_key": keys.welcome_key(K, CLIENT_NONCE).hex(),
        "up": plain(session.up), "down": plain(session.down), "up_next_phase": plain(session.up.next_phase()),
        "probe_key": keys.probe_key(TICKET_KEY).hex(), "mask_key": keys.mask_key(CONTROL_KEY).hex(), "resume_key": keys.resume_key(TICKET_KEY).hex(),
    }  # fmt: skip


def data_vectors() -> list[dict[str, Any]]:
    session = keys.session_keys(K, CLIENT_NONCE, RELAY_NONCE, RELAY_ID)
    cases = []
    for suite in (1, 2):
        for direction, key, t in (("up", session.up, header.DATA_UP), ("down", session.down, header.DATA_DOWN)):
            for seq, path, copy in ((0, 0, 0), (5, 1, 0), (0xFFFFFFFF, 7, 3), (0x1_0000_0002, 0, 1)):
                sealer = PacketSealer(key, suite, CID, t, 0.0)
                sealer.next_seq = seq
                body = b"\x09payload of a game"
                datagram = sealer.seal(body, header.path_byte(path, copy))
                cases.append({
                    "suite": suite, "direction": direction, "key": plain(key), "cid": f"{CID:016x}", "seq": seq, "path": path, "copy": copy,
                    "phase": 0, "rekeys": 0, "body": body.hex(), "datagram": datagram.hex(),
                })  # fmt: skip
    for suite, direction, first_key, t, phases in (
        (1, "up", session.up, header.DATA_UP, 1),
        (2, "down", session.down, header.DATA_DOWN, 1),
        (1, "down", session.down, header.DATA_DOWN, 2),
    ):
        sealer = PacketSealer(first_key, suite, CID, t, 0.0)
        sealer.next_seq = 10
        last_key = first_key
        for phase in range(1, phases + 1):
            sealer.rekey_if_due(phase * 1e9)
            last_key = last_key.next_phase()
        for body in (
            b"\x01",
            b"\x00" + frames.encode_frame(frames.Close(1)) + b"\xc8\x00\x01?" + frames.encode_frame(frames.Drain(1)),
        ):
            seq = sealer.next_seq
            cases.append({
                "suite": suite, "direction": direction, "key": plain(last_key), "cid": f"{CID:016x}", "seq": seq, "path": 0, "copy": 0,
                "phase": phases % 2, "rekeys": phases, "body": body.hex(), "datagram": sealer.seal(body).hex(),
            })  # fmt: skip
    return cases


def seq_vectors() -> list[dict[str, int]]:
    tops = [-1, 0, 1000, 2**31, 2**32 - 1, 2**32, 2**32 + 5, 5 * 2**32 - 3, 0xA82F30EA_00007000]
    gaps = [-(2**31) + 2, -2047, -1, 0, 1, 2, 64, 2**31 - 1, 2**31, 2**31 + 1]
    return [
        {"highest": top, "seq32": (top + gap) & 0xFFFFFFFF, "seq": header.expand_seq((top + gap) & 0xFFFFFFFF, top)}
        for top in [*tops, 2**62, 2**63]
        for gap in gaps
    ]


def resigned(datagram: bytes, at: int, piece: bytes, secret: bytes) -> bytes:
    """A HELLO with a piece changed and the mac that belongs to it."""
    unsigned = datagram[:at] + piece + datagram[at + len(piece) : -16]
    return unsigned + blake2s(unsigned, key=keys.hello_mac_key(secret), digest_size=16).digest()


def refused_hellos() -> list[dict[str, str]]:
    """Each is one change away from a right HELLO; all but the last two have a mac that fits."""
    exit_hello, transit_hello = handshake.build_hello(HELLO, K), handshake.build_hello(TRANSIT_HELLO, TRANSIT_SECRET)
    with_token = handshake.build_hello(replace(HELLO, path=2), TRANSIT_SECRET)
    cases = [
        ("no such role", K, resigned(exit_hello, 11, b"\2", K)),
        ("no path 8", TRANSIT_SECRET, resigned(transit_hello, 10, b"\x08", TRANSIT_SECRET)),
        ("a transit of path 0", TRANSIT_SECRET, resigned(transit_hello, 10, b"\0", TRANSIT_SECRET)),
        ("a transit with a resume token", TRANSIT_SECRET, resigned(with_token, 11, b"\1", TRANSIT_SECRET)),
        ("a transit with the mac of K", TRANSIT_SECRET, handshake.build_hello(TRANSIT_HELLO, K)),
        ("a role changed on the way", TRANSIT_SECRET, transit_hello[:11] + b"\0" + transit_hello[12:]),
    ]
    return [{"why": why, "K": secret.hex(), "datagram": datagram.hex()} for why, secret, datagram in cases]


def handshake_vectors() -> dict[str, Any]:
    resume = handshake.ResumeState(CID, 1_800_000_000, ((50000, 41000), (50001, 41002)))
    return {
        "hello": {"K": K.hex(), **plain(HELLO), "datagram": handshake.build_hello(HELLO, K).hex()},
        "hello_transit": {
            "K": TRANSIT_SECRET.hex(), **plain(TRANSIT_HELLO), "datagram": handshake.build_hello(TRANSIT_HELLO, TRANSIT_SECRET).hex(),
        },
        "hello_refused": refused_hellos(),
        "welcome_transit": transit_welcome(WelcomeStatus.OK),
        "welcome_transit_refused": transit_welcome(WelcomeStatus.NEXT_HOP_DENIED),
        "welcome": {
            "K": K.hex(), "client_nonce": CLIENT_NONCE.hex(), "cid": f"{CID:016x}", "path": 0, **plain(WELCOME),
            "datagram": handshake.seal_welcome(WELCOME, CID, 0, K, CLIENT_NONCE, NONCE12).hex(),
        },
        "welcome_ipv6_refused": {
            "K": K.hex(), "client_nonce": CLIENT_NONCE.hex(), "cid": f"{CID:016x}", "path": 1,
            **plain(replace(WELCOME, status=WelcomeStatus.FULL, observed_address=ip_address("2600::9"), resume_token=b"")),
            "datagram": handshake.seal_welcome(
                replace(WELCOME, status=WelcomeStatus.FULL, observed_address=ip_address("2600::9"), resume_token=b""), CID, 1, K, CLIENT_NONCE, NONCE12
            ).hex(),
        },
        "cookie": {
            "secret": K.hex(), "source": ["198.20.0.9", 54321], "client_nonce": CLIENT_NONCE.hex(), "cid": f"{CID:016x}", "time_s": 1_800_000_000,
            "datagram": handshake.build_cookie(
                CID, handshake.Cookie(1_800_000_000, handshake.cookie_mac(K, ("198.20.0.9", 54321), CLIENT_NONCE, 1_800_000_000))
            ).hex(),
        },
        "no_session": {"cid": f"{CID:016x}", "datagram": handshake.build_no_session(CID).hex()},
        "resume_token": {
            "resume_key": keys.resume_key(TICKET_KEY).hex(), "relay_id": RELAY_ID, **plain(resume),
            "token": handshake.seal_resume_token(resume, keys.resume_key(TICKET_KEY), RELAY_ID, NONCE12).hex(),
        },
    }  # fmt: skip


def transit_welcome(status: WelcomeStatus) -> dict[str, Any]:
    welcome = replace(WELCOME, status=status, relay_nonce=bytes(16), flows=0, local_ports=0, resume_token=b"")
    sealed = handshake.seal_welcome(welcome, CID, TRANSIT_HELLO.path, TRANSIT_SECRET, CLIENT_NONCE, NONCE12)
    return {
        "K": TRANSIT_SECRET.hex(), "client_nonce": CLIENT_NONCE.hex(), "cid": f"{CID:016x}", "path": TRANSIT_HELLO.path, **plain(welcome),
        "datagram": sealed.hex(),
    }  # fmt: skip


def ticket_vectors() -> dict[str, Any]:
    common = {"ticket_key": TICKET_KEY.hex(), "relay_id": RELAY_ID, "key_id": 5, "nonce": NONCE12.hex()}
    return {
        "exit": {**common, **plain(EXIT), "token": ticket.seal_ticket(EXIT, TICKET_KEY, 5, RELAY_ID, NONCE12).hex()},
        "transit": {
            **common,
            **plain(TRANSIT),
            "token": ticket.seal_transit_ticket(TRANSIT, TICKET_KEY, 5, RELAY_ID, NONCE12).hex(),
        },
    }


def frame_vectors() -> list[dict[str, Any]]:
    return [
        {"frame": type(frame).__name__, **plain(frame), "bytes": frames.encode_frame(frame).hex()} for frame in FRAMES
    ]


def probe_vectors() -> dict[str, Any]:
    key = keys.probe_key(TICKET_KEY)
    token = probe.make_probe_token(key, 1_800_000_060, b"serial-8")
    ping = probe.build_probe(CID, token, 513, 1111)
    pong = probe.answer_probe(ping, (key,), 1_800_000_000, 2222, 3333, probe.FLAG_FULL)
    assert isinstance(pong, bytes)
    asking = probe.build_probe(CID, token, 513, 1111, ask_address=True)
    return {
        "ticket_key": TICKET_KEY.hex(), "expires_at_s": 1_800_000_060, "serial": b"serial-8".hex(), "token": token.hex(), "random": f"{CID:016x}",
        "probe_id": 513, "t1_us": 1111, "t2_us": 2222, "t3_us": 3333, "draining": False, "full": True, "lping": ping.hex(), "lpong": pong.hex(),
        "lping_asking": asking.hex(), "told": [told_vector(asking, key, *source) for source in (("198.20.0.9", 54321), ("2600::9", 1))],
    }  # fmt: skip


def told_vector(asking: bytes, key: bytes, address: str, port: int) -> dict[str, Any]:
    """The answer to who is seen there."""
    seen = probe.Seen(ip_address(address), port)
    told = probe.answer_probe(asking, (key,), 1_800_000_000, 2222, 3333, probe.FLAG_FULL, seen)
    assert isinstance(told, bytes)
    return {"address": address, "port": port, "lpong": told.hex()}


def mask_vectors() -> list[dict[str, str]]:
    key = keys.mask_key(CONTROL_KEY)
    datagrams = [
        bytes.fromhex(data_vectors()[0]["datagram"]), handshake.build_hello(HELLO, K), bytes.fromhex(handshake_vectors()["cookie"]["datagram"]),
        bytes.fromhex(probe_vectors()["lping"]), bytes.fromhex(probe_vectors()["lpong"]),
    ]  # fmt: skip
    return [
        {"mask_key": key.hex(), "datagram": datagram.hex(), "masked": (HeaderMask(key).apply(datagram) or b"").hex()}
        for datagram in datagrams
    ]


def all_vectors() -> dict[str, Any]:
    """File name (without .json) -> content."""
    return {
        "keys": key_vectors(), "data": data_vectors(), "sequence": seq_vectors(), "handshake": handshake_vectors(),
        "tickets": ticket_vectors(), "frames": frame_vectors(), "probes": probe_vectors(), "mask": mask_vectors(),
    }  # fmt: skip


if __name__ == "__main__":
    for name, content in all_vectors().items():
        (HERE / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
