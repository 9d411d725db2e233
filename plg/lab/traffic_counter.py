"""Counting what really crossed the router, host to host, with nftables.

The count is taken where a host's link enters the router. Sniffing inside the host would miss what capture diverts there, and
a wire in the router (see `plg.lab.wire`) makes a packet pass the forward hook twice, so the entry link is part of the rule.
"""

import json
import re
import shutil
from typing import Any

from plg.lab.namespaces import Host, Lab
from plg.lab.processes import LabError

TABLE = "plg_lab_count"
UDP_HEADER_BYTES = 8
"""A UDP packet's own length counts them (RFC 768)."""
COUNTER_NAME = re.compile(r"^[a-z][a-z0-9_]{0,60}$")


class TrafficCounter:
    """Named counters of datagrams from one host to another, in the lab's router. They vanish with the lab.

    Raises LabError when the nft command is missing.
    """

    def __init__(self, lab: Lab) -> None:
        if shutil.which("nft") is None:
            raise LabError("the command 'nft' is missing: install the package nftables")
        self._router = lab.router
        self._nft(
            f"table inet {TABLE} {{\n chain forward {{ type filter hook forward priority -10; policy accept; }}\n}}\n"
        )

    def count_udp(self, name: str, source: Host, destination: Host, *, payload_at_least: int = 0) -> None:
        """From now on count the UDP packets that `source` sends to `destination`, IPv4 and IPv6 together, under `name`;
        only those with so many bytes of payload, where that is given."""
        if not COUNTER_NAME.match(name):
            raise ValueError(f"not a counter name: {name!r}")
        # Of a fragmented datagram only the first piece has a length to look at.
        kind = f"udp length >= {UDP_HEADER_BYTES + payload_at_least}" if payload_at_least else "meta l4proto udp"
        entry = f'add rule inet {TABLE} forward iifname "{source.router_interface}"'
        self._nft(
            f"add counter inet {TABLE} {name}\n"
            f'{entry} ip daddr {destination.ipv4} {kind} counter name "{name}"\n'
            f'{entry} ip6 daddr {destination.ipv6} {kind} counter name "{name}"\n'
        )

    def packets(self, name: str) -> int:
        """How many packets the counter has seen. Raises KeyError for a name that was never given."""
        answer = self._router.run(["nft", "--json", "list", "counters", "table", "inet", TABLE]).stdout
        document: dict[str, Any] = json.loads(answer)
        for entry in document["nftables"]:
            counter = entry.get("counter")
            if counter is not None and counter["name"] == name:
                return int(counter["packets"])
        raise KeyError(name)

    def _nft(self, script: str) -> None:
        self._router.run(["nft", "-f", "-"], input_text=script)
