"""The running tunnel's figures in Prometheus' text format. Pure: a status document in, text out.

Names (`plg_client_*`) and labels are stable. Labels take values from fixed sets of ours only: no address, name or game gets into one.
Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (version 0.0.4); base units are seconds, bytes and ratios.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from plg.contract.cli_output import PathView, StatusDocument
from plg.tunnel.flow_routes import Route, Why
from plg.tunnel.states import CONNECTED, CONNECTING, OBSERVING, OFF, RECONNECTING, STARTING, STOPPING

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Specification: the format's media type."""
STATES: Final = (OFF, STARTING, OBSERVING, CONNECTING, CONNECTED, RECONNECTING, STOPPING)
PATH_STATES: Final = ("binding", "standby", "active", "suspect", "dead", "connecting", "established", "reconnecting")
KINDS: Final = ("direct", "transit", "interface")
MAX_PATHS: Final = 16
"""Implementation. More than a session opens; a bound on what a scrape can hold."""
MAX_REASONS: Final = 64
"""Implementation. As above, for reasons of dropped packets; what is over it is counted as "other"."""
NO_REASON: Final = "none"
OTHER: Final = "other"
UP, DOWN = {"direction": "up"}, {"direction": "down"}

Labels = Mapping[str, str]
Sample = tuple[Labels, float | None]


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """What the tunnel's own process costs."""

    cpu_s: float
    resident_bytes: int


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with its samples; a sample without a value is left out."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    samples: Iterable[Sample]


def exposition(status: StatusDocument, process: ProcessFigures, version: str) -> str:
    """The whole answer to a scrape."""
    families = [
        Family("build_info", "gauge", "The version of plg; always 1.", [({"version": version}, 1.0)]),
        *_state(status),
        *_ways(status),
        *_traffic(status),
        *_redundancy(status),
        *_paths(status.paths[:MAX_PATHS]),
        Family("process_cpu_seconds_total", "counter", "Processor time of the tunnel's process.", [({}, process.cpu_s)]),
        Family("process_resident_memory_bytes", "gauge", "Memory of the tunnel's process.", [({}, float(process.resident_bytes))]),
    ]  # fmt: skip
    return "".join(_written(family) for family in families)


def _state(status: StatusDocument) -> list[Family]:
    degraded = 1.0 if status.degraded_because else 0.0
    return [
        Family("state", "gauge", "1 for the state that the tunnel is in.", [({"state": name}, float(name == status.state)) for name in STATES]),
        Family("uptime_seconds", "gauge", "Since the tunnel was started.", [({}, status.uptime_s)]),
        Family("degraded", "gauge", "1 while there are fewer ways than asked for.", [({}, degraded)]),
        Family("exit_switches_total", "counter", "How often the exit was left for its standby.", [({}, float(status.exit_switches))]),
    ]  # fmt: skip


def _ways(status: StatusDocument) -> list[Family]:
    """The whole way to the game against the direct one."""
    found = status.comparison
    values = (
        (found.now_ms, found.direct_ms, found.gain_ms, found.direct_jitter_ms) if found is not None else (None,) * 4
    )
    now_s, direct_s, gain_s, jitter_s = (_seconds(value) for value in values)
    loss = found.direct_loss_percent if found is not None else None
    prefers_direct = None if found is None else float(found.verdict == "direct")
    return [
        Family("round_trip_seconds", "gauge", "The whole way to the game through the relay, now.", [({}, now_s)]),
        Family("direct_round_trip_seconds", "gauge", "The direct way to the game, measured beside the tunnel.", [({}, direct_s)]),
        Family("gain_seconds", "gauge", "The direct way minus the way through the relay; below 0 the direct one is better.", [({}, gain_s)]),
        Family("direct_jitter_seconds", "gauge", "Jitter of the direct way.", [({}, jitter_s)]),
        Family("direct_loss_ratio", "gauge", "Loss of the direct way, 0 to 1.", [({}, _ratio(loss))]),
        Family("prefers_direct", "gauge", "1 while new flows go direct because that is better.", [({}, prefers_direct)]),
    ]  # fmt: skip


def _traffic(status: StatusDocument) -> list[Family]:
    traffic = status.traffic
    flows = {(Route.RELAY.value, NO_REASON): 0.0} | {(Route.DIRECT.value, why.value): 0.0 for why in Why}
    for flow in status.flows:
        reason = flow.why if flow.route == Route.DIRECT.value and flow.why in set(Why) else NO_REASON
        route = Route.DIRECT.value if flow.route == Route.DIRECT.value else Route.RELAY.value
        flows[route, reason] = flows.get((route, reason), 0.0) + 1
    families = [
        Family("flows", "gauge", "Flows of the game in the last minute, by route and reason.", [({"route": route, "reason": reason}, count) for (route, reason), count in flows.items()]),
    ]  # fmt: skip
    if traffic is None:
        return families
    return [
        *families,
        Family("packets_total", "counter", "Packets of the game through the relay.", [(UP, traffic.packets_up), (DOWN, traffic.packets_down)]),
        Family("bytes_total", "counter", "Payload bytes of the game through the relay.", [(UP, traffic.bytes_up), (DOWN, traffic.bytes_down)]),
        Family("direct_packets_total", "counter", "Packets of the game that went direct.", [({}, traffic.direct)]),
        Family("leaked_packets_total", "counter", "Packets that went past the capture.", [({}, traffic.leaked)]),
        Family("dropped_packets_total", "counter", "Packets that neither way took, by reason.", [({"reason": reason}, count) for reason, count in _reasons(traffic.dropped).items()]),
    ]  # fmt: skip


def _redundancy(status: StatusDocument) -> list[Family]:
    found = status.redundancy
    if found is None:
        return []
    return [
        Family("saved_packets_total", "counter", "Packets that only a copy brought, or brought first.", [(UP, found.saved_up), (DOWN, found.saved_down)]),
        Family("lost_packets_total", "counter", "Packets that did not arrive at all.", [(UP, found.lost_up), (DOWN, found.lost_down)]),
        Family("sent_to_single_ratio", "gauge", "Bytes sent for each byte of a single copy.", [(UP, found.bytes_ratio_up), (DOWN, found.bytes_ratio_down)]),
        Family("redundancy_level", "gauge", "0 one way, 1 the previous payload rides along, 2 two ways, 3 two ways apart, 4 both.", [({}, float(found.level_up))]),
    ]  # fmt: skip


def _paths(paths: list[PathView]) -> list[Family]:
    labelled = [(_path_labels(path), path) for path in paths]
    return [
        Family("path_state", "gauge", "1 for the state that the path is in.", [({**labels, "state": _one_of(PATH_STATES, path.state)}, 1.0) for labels, path in labelled]),
        Family("path_primary", "gauge", "1 for the path that packets go on first.", [(labels, float(path.is_primary)) for labels, path in labelled]),
        Family("path_round_trip_seconds", "gauge", "To the relay and back, over the last 10 s.", [(labels, _seconds(path.rtt_ms)) for labels, path in labelled]),
        Family("path_round_trip_p95_seconds", "gauge", "The same, 95 of 100 are quicker.", [(labels, _seconds(path.rtt_ms_p95)) for labels, path in labelled]),
        Family("path_jitter_seconds", "gauge", "Jitter by direction.", _both(labelled, lambda path: (_seconds(path.jitter_up_ms), _seconds(path.jitter_down_ms)))),
        Family("path_loss_ratio", "gauge", "Loss by direction, 0 to 1.", _both(labelled, lambda path: (_ratio(path.loss_up_percent), _ratio(path.loss_down_percent)))),
        Family("path_bytes_total", "counter", "Bytes on the wire since the path was opened.", _both(labelled, lambda path: (float(path.bytes_up), float(path.bytes_down)))),
    ]  # fmt: skip


def _both(
    labelled: list[tuple[dict[str, str], PathView]], values: Callable[[PathView], tuple[float | None, float | None]]
) -> list[Sample]:
    """A sample up and one down for each path."""
    samples: list[Sample] = []
    for labels, path in labelled:
        up, down = values(path)
        samples += [({**labels, **UP}, up), ({**labels, **DOWN}, down)]
    return samples


def _path_labels(path: PathView) -> dict[str, str]:
    return {"path": str(path.path), "kind": _one_of(KINDS, path.kind)}


def _one_of(known: tuple[str, ...], value: str) -> str:
    return value if value in known else OTHER


def _reasons(dropped: Mapping[str, int]) -> dict[str, int]:
    """Reasons are names of ours; a bound stands between them and the monitor all the same."""
    counts: dict[str, int] = {}
    for reason, count in sorted(dropped.items()):
        fits = re.fullmatch(r"[a-z][a-z0-9_]{0,39}", reason) is not None and len(counts) < MAX_REASONS
        name = reason if fits else OTHER
        counts[name] = counts.get(name, 0) + count
    return counts


def _seconds(value_ms: float | None) -> float | None:
    return None if value_ms is None else value_ms / 1000


def _ratio(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


def _written(family: Family) -> str:
    samples = [(labels, value) for labels, value in family.samples if value is not None]
    if not samples:
        return ""
    name = f"plg_client_{family.name}"
    lines = [f"# HELP {name} {family.help}", f"# TYPE {name} {family.kind}"]
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"{name}{{{inside}}} {value!r}" if inside else f"{name} {value!r}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
