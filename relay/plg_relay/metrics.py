"""Prometheus metrics: plain counters of the data plane, copied at scrape; nothing is counted twice on a packet's way."""

from collections.abc import Iterable, Mapping

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from plg_relay.plane import PlaneStatus
from plg_relay.relay_status import RelayStatus


class _Snapshot(Collector):
    """The metric families of one moment."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def metric_families(
    status: PlaneStatus,
    *,
    version: str,
    node_id: str,
    workers: int,
    uptime_s: float,
    restarts: Mapping[str, int] | None = None,
    web_pings: Mapping[str, int] | None = None,
) -> list[Metric]:
    """Every metric of the relay; names and labels are stable. `restarts` is by reason, `web_pings` by outcome."""
    families: list[Metric] = []

    def gauge(name: str, text: str, value: float) -> None:
        families.append(GaugeMetricFamily("plg_relay_" + name, text, value=value))

    def counter(name: str, text: str, value: float) -> None:
        families.append(CounterMetricFamily("plg_relay_" + name, text, value=value))

    def labelled(name: str, text: str, label: str, values: dict[str, float]) -> None:
        family = CounterMetricFamily("plg_relay_" + name, text, labels=[label])
        for key, value in sorted(values.items()):
            family.add_metric([key], value)
        families.append(family)

    families.append(
        InfoMetricFamily("plg_relay_build", "Version and node", value={"version": version, "node_id": node_id})
    )
    gauge("up_seconds", "Seconds since the start", uptime_s)
    labelled("restarts", "Times that the relay's process was started again", "reason", dict(restarts or {}))
    gauge("workers", "Processes that carry packets", workers)
    gauge("sessions", "Open sessions", status.sessions)
    gauge("flows", "Open flows", status.flows)
    gauge("game_sockets", "Sockets towards game servers", status.game_sockets)
    gauge("loop_lag_seconds", "Worst lateness of the event loop in the last 10 s", status.loop_lag_ms / 1000)
    gauge("draining", "1 while new sessions are refused", float(status.draining))
    labelled("packets", "Game datagrams passed on", "direction", {"up": status.packets_up, "down": status.packets_down})
    labelled("bytes", "Game payload passed on", "direction", {"up": status.bytes_up, "down": status.bytes_down})
    gauge("transits", "Sessions forwarded between their client and another relay", status.transits)
    labelled(
        "transit_packets",
        "Datagrams forwarded as a transit",
        "direction",
        {"up": status.transit_packets_up, "down": status.transit_packets_down},
    )
    labelled(
        "transit_bytes",
        "Bytes forwarded as a transit",
        "direction",
        {"up": status.transit_bytes_up, "down": status.transit_bytes_down},
    )
    counter("transits_opened", "Transit bindings made since the start", status.transits_opened)
    counter("transits_closed", "Transit bindings ended since the start", status.transits_closed)
    counter("copies", "Further copies of datagrams sent down", status.copies_down)
    counter("handshakes", "HELLO answered by WELCOME", status.handshakes)
    counter("cookies", "HELLO answered by COOKIE", status.cookies_sent)
    counter("probes", "LPING answered", status.probes_answered)
    counter("sessions_opened", "Sessions opened since the start", status.sessions_opened)
    counter("sessions_closed", "Sessions closed since the start", status.sessions_closed)
    counter("cpu_seconds", "Processor time of the packet carrying processes", status.cpu_s)
    labelled("drops", "Datagrams dropped", "reason", dict(status.drops))
    labelled("web_pings", "What browsers asked at the ping endpoint", "outcome", dict(web_pings or {}))
    labelled("flow_denials", "Flows refused", "reason", dict(status.flow_denials))
    return families


def metrics_app(relay: RelayStatus) -> web.Application:
    """GET /metrics, text or OpenMetrics as the scraper asks."""

    async def metrics(request: web.Request) -> web.Response:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(
            _Snapshot(
                metric_families(
                    await relay.plane.status(),
                    version=relay.version,
                    node_id=relay.node_id,
                    workers=relay.plane.workers,
                    uptime_s=relay.uptime_s(),
                    restarts=relay.restarts,
                    web_pings=relay.web_pings,
                )
            )
        )
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(registry), headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    return app
