"""What stands between this machine and the relays that rewrites IPv4 addresses, and how: the NAT's type.

The relays say under which address and port they see one socket of ours (plg.probe.nat_mapping); routers on the way that have private
addresses tell where the translation happens.
"""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from plg.doctor.addresses import ANY_IPV4, source_address
from plg.doctor.codes import Code
from plg.doctor.finding import Fact, Finding, Verdict
from plg.doctor.scene import Scene
from plg.probe.nat_mapping import Endpoint, Mapping, NatMapping, judge_mapping, sight_mapping
from plg.probe.route_trace import RouteTrace, TraceUnavailable
from plg.tunnel.relay_survey import relay_target

NAT: Final = "nat"

CARRIER_GRADE: Final = ip_network("100.64.0.0/10")
"""RFC 6598: addresses between a provider's address translation and its customers."""
MAX_NAMED: Final = 3

Address = IPv4Address | IPv6Address

_SYMMETRIC: Final = frozenset({Mapping.ADDRESS_DEPENDENT, Mapping.ADDRESS_AND_PORT_DEPENDENT, Mapping.DEPENDENT})


async def check_nat(scene: Scene) -> Finding:
    """By what the relays see, this machine's own address, and the private routers on the way."""
    mine = source_address(socket.AF_INET, ANY_IPV4)
    try:
        relays = await scene.relays.get()
    except Exception:  # noqa: BLE001 - the server's trouble is another check's to tell
        relays = []
    found = [relay_target(relay.node) for relay in relays if relay.ping.rtt_ms is not None]
    targets = [target for target in found if target is not None]
    told = judge_mapping(await sight_mapping(targets, prepare=scene.prepare))
    if told.mapping is Mapping.NONE:
        return judge_nat(mine, [], told, len(targets))
    try:
        trace = await scene.trace.get()
    except (TraceUnavailable, OSError):
        trace = None
    except Exception:  # noqa: BLE001 - without the server there is no relay to trace to, which is another check's to tell
        trace = None
    return judge_nat(mine, routers(trace), told, len(targets))


def judge_nat(mine: Address | None, hops: Sequence[Address], told: NatMapping, asked: int) -> Finding:
    """`mine` is this machine's own address, `hops` the routers that answered, nearest first; `asked` relays answered pings and
    so could be asked what they see. One that answers pings but not this is older than the question.
    """
    own = mine if told.local is None else ip_address(told.local[0])
    facts: dict[str, Fact] = {
        "address": "-" if own is None else str(own),
        "seen": ", ".join(map(_text, told.seen[:MAX_NAMED])) or "-",
        "mapping": told.mapping.value,
        "told": told.told,
        "asked": asked,
    }
    if own is not None and own.is_global and told.mapping in {Mapping.NONE, Mapping.NOT_TOLD}:
        return Finding(NAT, Verdict.OK, Code.NAT_NONE, facts)
    shared = _carrier_grade(own, hops, told)
    if shared is not None:
        return Finding(NAT, Verdict.WARN, Code.NAT_CARRIER_GRADE, facts | {"router": str(shared)})
    if told.mapping is Mapping.NONE:
        return Finding(NAT, Verdict.OK, Code.NAT_NONE_ON_THE_WAY, facts)
    private = _private(hops)
    if len(private) > 1 and len(private) < len(hops):
        facts["routers"] = ", ".join(map(str, private[:MAX_NAMED]))
        return Finding(NAT, _severity(told.mapping), Code.NAT_DOUBLE, facts)
    if told.mapping is Mapping.ENDPOINT_INDEPENDENT:
        return Finding(NAT, Verdict.OK, Code.NAT_ENDPOINT_INDEPENDENT, facts)
    if told.mapping in _SYMMETRIC:
        return Finding(NAT, Verdict.WARN, Code.NAT_SYMMETRIC, facts)
    if told.mapping is Mapping.TRANSLATED:
        return Finding(NAT, Verdict.UNKNOWN, Code.NAT_ONE_RELAY, facts)
    if asked:
        return Finding(NAT, Verdict.UNKNOWN, Code.NAT_RELAYS_TOO_OLD, facts)
    return Finding(NAT, Verdict.UNKNOWN, Code.NAT_TYPE_NOT_TOLD, facts)


def _severity(mapping: Mapping) -> Verdict:
    """Of two translations in a row."""
    if mapping in _SYMMETRIC:
        return Verdict.WARN
    return Verdict.OK if mapping is Mapping.ENDPOINT_INDEPENDENT else Verdict.UNKNOWN


def _carrier_grade(own: Address | None, hops: Sequence[Address], told: NatMapping) -> Address | None:
    """The address that shows a provider's translation: our own, a router's, or the one under which a relay in the
    provider's net sees us."""
    if own is not None and own in CARRIER_GRADE:
        return own
    if told.mapping is Mapping.NONE:
        return None
    seen = [ip_address(address) for address, _ in told.seen]
    return next((address for address in (*_private(hops), *seen) if address in CARRIER_GRADE), None)


def _private(hops: Sequence[Address]) -> list[Address]:
    """The routers before the first one with a public address."""
    private: list[Address] = []
    for hop in hops:
        if hop.is_global:
            break
        private.append(hop)
    return private


def _text(endpoint: Endpoint) -> str:
    return f"{endpoint[0]}:{endpoint[1]}"


def routers(trace: RouteTrace | None) -> list[Address]:
    """Those of a trace that answered, the end itself left out."""
    if trace is None:
        return []
    hops = [hop.address for hop in trace.hops if hop.address is not None and hop.address != trace.address]
    return [ip_address(hop.partition("%")[0]) for hop in hops]
