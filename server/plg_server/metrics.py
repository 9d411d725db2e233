"""What Prometheus may know. Labels are route templates and codes, never raw paths, accounts or addresses."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder

SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 3.0, 10.0)
"""0.2 s is our own target for the 95th percentile."""


class Metrics:
    """The server's counters, in a registry of their own so that two applications in one process do not collide."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "plg_server_requests", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "plg_server_request_seconds",
            "Time to answer",
            ("method", "route"),
            buckets=SECONDS_BUCKETS,
            registry=self.registry,
        )
        self.in_flight = Gauge("plg_server_requests_in_flight", "Requests being answered", registry=self.registry)
        self.refused = Counter(
            "plg_server_refused", "Requests refused, by error code", ("code",), registry=self.registry
        )
        self.csp_reports = Counter(
            "plg_server_csp_reports", "What browsers said that a page was not allowed to do", registry=self.registry
        )
        self.rate_limit_fallbacks = Counter(
            "plg_server_rate_limit_fallbacks",
            "Rate limit checks made in memory because the store did not answer",
            registry=self.registry,
        )
        self.job_failures = Counter(
            "plg_server_job_failures", "Background rounds that failed", ("job",), registry=self.registry
        )
        self.job_rounds = Counter(
            "plg_server_job_rounds", "Background rounds that this replica finished", ("job",), registry=self.registry
        )
        self.job_success = Gauge(
            "plg_server_job_last_success_timestamp_seconds",
            "When a background round last succeeded, on whichever replica",
            ("job",),
            registry=self.registry,
        )
        self.job_seconds = Gauge(
            "plg_server_job_seconds", "How long the last round took", ("job",), registry=self.registry
        )
        self.job_found = Gauge(
            "plg_server_job_found", "What the last round counted", ("job", "what"), registry=self.registry
        )

        self.mails = Counter(
            "plg_server_mails", "E-mails taken from the outbox", ("kind", "outcome"), registry=self.registry
        )
        self.mails_waiting = Gauge("plg_server_mails_waiting", "E-mails that wait to be sent", registry=self.registry)
        self.mails_given_up = Gauge(
            "plg_server_mails_given_up", "E-mails that could not be sent and are kept", registry=self.registry
        )

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """The text and its content type: OpenMetrics when the scraper asks for it, else the older format."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type
