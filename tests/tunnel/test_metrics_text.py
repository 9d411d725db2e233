"""The tunnel's figures in Prometheus' format, read by Prometheus' own parser."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from plg.contract.cli_output import StatusDocument
from plg.tunnel.flow_routes import Why
from plg.tunnel.metrics_text import MAX_PATHS, MAX_REASONS, ProcessFigures, exposition
from plg.tunnel.states import off_document
from support.talking_tunnel import MULTIPATH

OFF = off_document(datetime(2026, 1, 2, tzinfo=UTC))
COST = ProcessFigures(1.25, 40_000_000)
EVIL = 'x"} 1\nplg_client_state{state="connected'

NAMES = {
    "build_info", "state", "uptime_seconds", "degraded", "exit_switches_total", "round_trip_seconds", "direct_round_trip_seconds",
    "gain_seconds", "direct_jitter_seconds", "direct_loss_ratio", "prefers_direct", "flows", "packets_total", "bytes_total",
    "direct_packets_total", "leaked_packets_total", "dropped_packets_total", "saved_packets_total", "lost_packets_total",
    "sent_to_single_ratio", "redundancy_level", "path_state", "path_primary", "path_round_trip_seconds", "path_round_trip_p95_seconds",
    "path_jitter_seconds", "path_loss_ratio", "path_bytes_total", "process_cpu_seconds_total", "process_resident_memory_bytes",
}  # fmt: skip
"""Stable: dashboards and alerts of people are built on them."""


def scraped(status: StatusDocument) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(exposition(status, COST, "1.2.3"))}


def value(status: StatusDocument, name: str, **labels: str) -> float:
    samples = [one for family in scraped(status).values() for one in family.samples]
    (found,) = [one.value for one in samples if one.name == f"plg_client_{name}" and one.labels == labels]
    return float(found)


def full() -> StatusDocument:
    comparison: Any = MULTIPATH.comparison
    traffic: Any = MULTIPATH.traffic
    return msgspec.structs.replace(
        MULTIPATH,
        comparison=msgspec.structs.replace(comparison, direct_jitter_ms=2.0, direct_loss_percent=0.5),
        traffic=msgspec.structs.replace(traffic, dropped={"over_relay_limit_up": 3}),
    )


def test_the_names_never_change() -> None:
    samples = {one.name for family in scraped(full()).values() for one in family.samples}
    assert samples == {f"plg_client_{name}" for name in NAMES}


def test_every_metric_says_what_it_is_and_in_which_unit() -> None:
    families = scraped(full()).values()
    assert all(family.documentation.endswith(".") and family.type in {"gauge", "counter"} for family in families)
    # The parser takes "_total" off a counter's name.
    assert {family.name for family in families if family.type == "counter"} == {
        f"plg_client_{name.removesuffix('_total')}" for name in NAMES if name.endswith("_total")
    }


def test_figures_are_in_base_units() -> None:
    assert value(full(), "round_trip_seconds") == 0.0412
    assert value(full(), "gain_seconds") == 0.0166
    assert value(full(), "direct_loss_ratio") == 0.005
    assert value(full(), "path_round_trip_seconds", path="1", kind="transit") == 0.036
    assert value(full(), "path_loss_ratio", path="0", kind="direct", direction="down") == 0.02
    assert value(full(), "path_bytes_total", path="0", kind="direct", direction="up") == 1_234_567
    assert value(full(), "saved_packets_total", direction="up") == 300
    assert (value(full(), "process_cpu_seconds_total"), value(full(), "process_resident_memory_bytes")) == (1.25, 4e7)


def test_one_state_is_on_and_all_are_there() -> None:
    assert value(full(), "state", state="connected") == 1
    assert value(full(), "state", state="off") == 0
    assert value(OFF, "state", state="off") == 1


def test_flows_are_counted_by_route_and_reason() -> None:
    assert value(full(), "flows", route="relay", reason="none") == 1
    assert value(full(), "flows", route="direct", reason="alive_before_connect") == 1
    assert len(scraped(OFF)["plg_client_flows"].samples) == len(Why) + 1


def test_what_is_not_known_is_left_out() -> None:
    assert "plg_client_round_trip_seconds" not in scraped(OFF)
    assert value(full(), "path_state", path="2", kind="interface", state="binding") == 1
    paths = scraped(full())["plg_client_path_round_trip_seconds"].samples
    assert {one.labels["path"] for one in paths} == {"0", "1"}


def test_nothing_from_outside_gets_into_a_label_and_nothing_grows() -> None:
    path = msgspec.structs.replace(MULTIPATH.paths[0], kind=EVIL, state=EVIL, via=EVIL)
    flow = msgspec.structs.replace(MULTIPATH.flows[0], route=EVIL, why=EVIL, destination=EVIL)
    traffic: Any = MULTIPATH.traffic
    many = {f"reason_{number}": 1 for number in range(1000)} | {EVIL: 1}
    evil = msgspec.structs.replace(
        MULTIPATH,
        game=EVIL, state=EVIL, message=EVIL, degraded_because=EVIL, paths=[path] * 500, flows=[flow] * 500,
        traffic=msgspec.structs.replace(traffic, dropped=many),
    )  # fmt: skip
    families = scraped(evil)
    text = exposition(evil, COST, "1.2.3")
    assert EVIL.split('"', maxsplit=1)[0] not in {
        text_ for f in families.values() for s in f.samples for text_ in s.labels.values()
    }
    assert len(families["plg_client_path_primary"].samples) == MAX_PATHS
    reasons = families["plg_client_dropped_packets"].samples
    assert len(reasons) <= MAX_REASONS + 1
    assert sum(one.value for one in reasons) == 1001
    assert len(text) < 30_000
