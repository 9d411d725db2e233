"""A relay that lives and players who play, made over HTTP at a server that a test of the commands runs."""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from support.operated_server import Operated


def call(server: Operated, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    """POST a body; the answer, which must be none of an error."""
    request = urllib.request.Request(
        server.url + path,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **headers},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


@dataclass(frozen=True)
class SmallRelay:
    """A relay that has enrolled."""

    server: Operated
    node_id: str
    key: str

    def beat(self, **fields: Any) -> Any:
        """A heartbeat; the answer."""
        body = {"boot_id": "0123456789abcdef", "max_sessions": 100, "version": "1.2", **fields}
        return call(self.server, "/v1/relays/heartbeat", body, {"X-Relay-Key": f"{self.node_id}.{self.key}"})


def enrol(server: Operated, token: str, host: str = "9.9.9.9") -> SmallRelay:
    """Enrols with an operator's token, and sends a first heartbeat."""
    body = {"enrol_token": token, "public_host": host, "port": 443}
    identity = call(server, "/v1/relays/enrol", body, {})
    relay = SmallRelay(server, identity["node_id"], identity["relay_key"])
    relay.beat()
    return relay


def play(server: Operated, who: str = "player") -> str:
    """Starts a session; its id."""
    headers = {"Authorization": f"Bearer {server.people[who].token}"}
    return str(call(server, "/v1/sessions", {"game": "cs2"}, headers)["session_id"])


def send_report(server: Operated, who: str = "player") -> str:
    """Hands in a benchmark; its id."""
    arm = {"samples": 100, "rtt_ms_p50": 50.0, "rtt_ms_p95": 60.0}
    report = {
        "game": "cs2",
        "method": "udp_query",
        "blocks": 8,
        "seconds": 60.0,
        "direct": arm,
        "boosted": {**arm, "rtt_ms_p50": 40.0},
        "difference_ms": -10.0,
        "ci_low_ms": -11.0,
        "ci_high_ms": -9.0,
        "verdict": "improved",
    }
    headers = {"Authorization": f"Bearer {server.people[who].token}"}
    return str(call(server, "/v1/benchmarks", report, headers)["id"])
