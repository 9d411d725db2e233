"""From a CaptureSpec to WinDivert filter texts, and the exact check behind them.

The Linux part takes at most 64 rules a handle; with one more it silently hands over every packet of the machine. So rules are
counted here, spread over several handles, and only then widened: a widened plan says so (`exact` is false) and the packets
that it catches besides go straight back after the check in `SpecMatcher`. No plan ever matches anything but outbound UDP.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, collapse_addresses, ip_address, ip_network
from itertools import pairwise

from plg.capture.packet_source import CaptureRule, CaptureSpec, PortSpan

Network = IPv4Network | IPv6Network

MAX_KERNEL_RULES = 64
"""Prefixes times port spans in one handle. Specification of libebpfdivert 0.0.5: the 65th turns the filter into "everything"."""

MAX_TESTS = 240
"""Comparisons in one filter text. WinDivert's compiler takes 256; the fixed part needs a few."""

MAX_HANDLES = 4
"""Each costs 50 ms to open and a ring buffer of memory."""

MAX_EXCLUSIONS = 16
"""Excluded addresses that the text itself names; the rest is checked by us."""

SHORTEST_MERGED_V4 = 8
SHORTEST_MERGED_V6 = 16
"""Bits. Merging neighbours stops here: a shorter prefix would drag half of the machine's UDP through us."""

BASE = "outbound and !loopback and udp"


class SpecTooWide(ValueError):
    """The rules do not fit the filters even when widened. The text says what to do about it."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a filter: any of the prefixes (none: any address) and any of the spans (none: any port)."""

    prefixes: tuple[Network, ...]
    ports: tuple[PortSpan, ...]

    @property
    def kernel_rules(self) -> int:
        return max(1, len(self.prefixes)) * max(1, len(self.ports))

    @property
    def tests(self) -> int:
        return 2 * len(self.prefixes) + 2 * len(self.ports)


@dataclass(frozen=True, slots=True)
class FilterPlan:
    """One filter text for each handle to open. `exact`: the texts match nothing beyond the rules."""

    expressions: tuple[str, ...]
    exact: bool
    kernel_rules: tuple[int, ...]


def plan_filters(spec: CaptureSpec, *, max_handles: int = MAX_HANDLES) -> FilterPlan:
    """Filter texts for this spec. Raises SpecTooWide; ValueError when the spec would capture all UDP of all programs."""
    refuse_match_all(spec)
    clauses = [Clause(_collapse(rule.prefixes), _collapse_ports(rule.ports)) for rule in spec.rules]
    excluded = [ip_address(text) for text in spec.excluded]
    carved = [_carve(clause, excluded) for clause in clauses]
    bins = _pack(carved)
    if len(bins) <= max_handles:
        inside = any(not clause.prefixes for clause in carved) and bool(excluded)
        return _plan(bins, excluded if inside else [], exact=not inside)
    for spread in (clauses, [Clause(clause.prefixes, _one_span(clause.ports)) for clause in clauses]):
        bins = _pack(spread)
        if len(bins) <= max_handles:
            return _plan(bins, [], exact=False)
    merged = _merge_clauses(clauses, max_handles * MAX_KERNEL_RULES)
    bins = _pack(merged)
    if len(bins) <= max_handles:
        return _plan(bins, [], exact=False)
    raise SpecTooWide(
        f"{sum(clause.kernel_rules for clause in merged)} filter rules are left after merging, "
        f"{max_handles * MAX_KERNEL_RULES} fit: use fewer or wider prefixes in the game's profile"
    )


def refuse_match_all(spec: CaptureSpec) -> None:
    """Raises ValueError when the spec names no destination, no port and no program: that would be everybody's UDP."""
    if not spec.rules:
        raise ValueError("nothing to capture: the spec has no rule")
    for rule in spec.rules:
        if not rule.prefixes and not rule.ports and not spec.executables:
            raise ValueError("a rule without prefixes, ports and programs would capture all UDP of this machine")


def _plan(bins: list[list[Clause]], excluded: Iterable[IPv4Address | IPv6Address], *, exact: bool) -> FilterPlan:
    # The Linux part evaluates these in user space anyway, the Windows driver in the kernel: worth naming a few. A test on an
    # address of the other family is false, also with `!=`, hence the "or".
    tail = "".join(
        f" and (ipv6 or ip.DstAddr != {address})" if address.version == 4 else f" and (ip or ipv6.DstAddr != {address})"
        for address in list(excluded)[:MAX_EXCLUSIONS]
    )
    return FilterPlan(
        tuple(f"{BASE} and ({' or '.join(map(_text, group))}){tail}" for group in bins),
        exact,
        tuple(sum(clause.kernel_rules for clause in group) for group in bins),
    )


def _text(clause: Clause) -> str:
    parts = []
    if clause.prefixes:
        parts.append("(" + " or ".join(map(_range_text, clause.prefixes)) + ")")
    if clause.ports:
        spans = (f"(udp.DstPort >= {span.first} and udp.DstPort <= {span.last})" for span in clause.ports)
        parts.append("(" + " or ".join(spans) + ")")
    return "(" + (" and ".join(parts) or "true") + ")"


def _range_text(prefix: Network) -> str:
    field = "ip.DstAddr" if prefix.version == 4 else "ipv6.DstAddr"
    return f"({field} >= {prefix[0]} and {field} <= {prefix[-1]})"


def _collapse(prefixes: Iterable[Network]) -> tuple[Network, ...]:
    listed = list(prefixes)
    v4 = collapse_addresses(prefix for prefix in listed if isinstance(prefix, IPv4Network))
    v6 = collapse_addresses(prefix for prefix in listed if isinstance(prefix, IPv6Network))
    return (*v4, *v6)


def _collapse_ports(spans: Iterable[PortSpan]) -> tuple[PortSpan, ...]:
    joined: list[PortSpan] = []
    for span in sorted(spans, key=lambda span: (span.first, span.last)):
        if not 0 <= span.first <= span.last <= 65535:
            raise ValueError(f"not a span of ports: {span.first}-{span.last}")
        if joined and span.first <= joined[-1].last + 1:
            joined[-1] = PortSpan(joined[-1].first, max(joined[-1].last, span.last))
        else:
            joined.append(span)
    return tuple(joined)


def _one_span(spans: tuple[PortSpan, ...]) -> tuple[PortSpan, ...]:
    return (PortSpan(spans[0].first, spans[-1].last),) if spans else ()


def _carve(clause: Clause, excluded: list[IPv4Address | IPv6Address]) -> Clause:
    """The clause with each excluded address cut out of the prefix that holds it."""
    if not clause.prefixes:
        return clause
    prefixes = list(clause.prefixes)
    for address in excluded:
        single = ip_network(address)
        for index, prefix in enumerate(prefixes):
            if address in prefix:
                prefixes[index : index + 1] = _without(prefix, single)
                break
    # Nothing left is not "any address": keep what was there, the exact check refuses it.
    return Clause(tuple(prefixes), clause.ports) if prefixes else clause


def _without(prefix: Network, single: Network) -> list[Network]:
    if isinstance(prefix, IPv4Network) and isinstance(single, IPv4Network):
        return sorted(prefix.address_exclude(single))
    if isinstance(prefix, IPv6Network) and isinstance(single, IPv6Network):
        return sorted(prefix.address_exclude(single))
    return [prefix]


def _pack(clauses: Iterable[Clause]) -> list[list[Clause]]:
    """Spread clauses over as few handles as needed, each within the limits; a clause is split by its prefixes."""
    bins: list[list[Clause]] = []
    for clause in clauses:
        spans = [clause.ports[i : i + MAX_KERNEL_RULES] for i in range(0, len(clause.ports), MAX_KERNEL_RULES)] or [()]
        for ports in spans:
            room = max(1, min(MAX_KERNEL_RULES // max(1, len(ports)), (MAX_TESTS - 2 * len(ports)) // 2))
            for start in range(0, max(1, len(clause.prefixes)), room):
                piece = Clause(clause.prefixes[start : start + room], ports)
                for group in bins:
                    if (
                        sum(part.kernel_rules for part in group) + piece.kernel_rules <= MAX_KERNEL_RULES
                        and sum(part.tests for part in group) + piece.tests <= MAX_TESTS
                    ):
                        group.append(piece)
                        break
                else:
                    bins.append([piece])
    return bins


def _merge_clauses(clauses: list[Clause], budget: int) -> list[Clause]:
    """One covering span of ports for each clause and neighbouring prefixes joined, those first that add fewest addresses."""
    # A budget for each clause in proportion to its size; at least one rule each.
    total = sum(max(1, len(clause.prefixes)) for clause in clauses)
    merged = []
    for clause in clauses:
        share = max(1, budget * len(clause.prefixes) // total)
        merged.append(Clause(merge_prefixes(clause.prefixes, share), _one_span(clause.ports)))
    return merged


def merge_prefixes(prefixes: tuple[Network, ...], limit: int) -> tuple[Network, ...]:
    """At most `limit` prefixes that cover all of these, where the floors of SHORTEST_MERGED_* allow it."""
    listed = list(_collapse(prefixes))
    # costs[i] belongs to joining i and i+1; only the neighbours of a join change, so thousands of prefixes take no time.
    costs = [_joining_cost(left, right) for left, right in pairwise(listed)]
    while len(listed) > limit:
        index = min(range(len(costs)), key=costs.__getitem__)
        joined = _common_supernet(listed[index], listed[index + 1])
        if joined is None:
            break
        first = last = index
        while first > 0 and _inside(listed[first - 1], joined):
            first -= 1
        while last + 1 < len(listed) and _inside(listed[last + 1], joined):
            last += 1
        listed[first : last + 1] = [joined]
        before = [_joining_cost(listed[first - 1], joined)] if first > 0 else []
        after = [_joining_cost(joined, listed[first + 1])] if first + 1 < len(listed) else []
        costs[max(0, first - 1) : last + 1] = before + after
    return tuple(listed)


def _joining_cost(left: Network, right: Network) -> int:
    """How many addresses their supernet has; IPv6 counts in /64s so that both families compare."""
    joined = _common_supernet(left, right)
    if joined is None:
        return 1 << 128
    unit = 0 if joined.version == 4 else 64
    return 1 << max(0, joined.max_prefixlen - joined.prefixlen - unit)


def _inside(prefix: Network, other: Network) -> bool:
    return prefix.version == other.version and prefix[0] in other


def _common_supernet(left: Network, right: Network) -> Network | None:
    if left.version != right.version:
        return None
    bits = left.max_prefixlen
    differing = int(left.network_address) ^ int(right.network_address)
    length = min(left.prefixlen, right.prefixlen, bits - differing.bit_length())
    floor = SHORTEST_MERGED_V4 if left.version == 4 else SHORTEST_MERGED_V6
    return left.supernet(new_prefix=length) if length >= min(floor, left.prefixlen) else None


class SpecMatcher:
    """The exact meaning of a spec's destinations, for any address and port. Programs are matched elsewhere."""

    def __init__(self, spec: CaptureSpec) -> None:
        self._rules = tuple(spec.rules)
        self._excluded = frozenset(ip_address(text) for text in spec.excluded)

    def matches(self, address: IPv4Address | IPv6Address, port: int) -> bool:
        """Whether UDP to this address and port is the game's, as far as its destination tells."""
        if (
            address in self._excluded
            or address.is_multicast
            or address.is_loopback
            or address.is_unspecified
            or address.is_link_local
            or (isinstance(address, IPv4Address) and address == IPv4Address(0xFFFFFFFF))
        ):
            return False
        return any(_rule_matches(rule, address, port) for rule in self._rules)


def _rule_matches(rule: CaptureRule, address: IPv4Address | IPv6Address, port: int) -> bool:
    if rule.ports and not any(span.first <= port <= span.last for span in rule.ports):
        return False
    return not rule.prefixes or any(address in prefix for prefix in rule.prefixes)
