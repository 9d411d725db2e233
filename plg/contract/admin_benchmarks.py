"""Benchmarks that players sent in, as the admin API and `plg admin benchmarks` show and delete them."""

from plg.contract.admin_audit import ListLimit, ListOffset, Moment
from plg.contract.admin_sessions import AccountRef, GameSlug
from plg.contract.benchmarks import BenchmarkVerdict
from plg.contract.cli_output import Document
from plg.contract.schema import Answer, Count, Identifier, Request, Timestamp


class AdminBenchmarksQuery(Request, frozen=True, kw_only=True):
    """Query of GET /v1/admin/benchmarks."""

    account: AccountRef | None = None
    game: GameSlug | None = None
    node: Identifier | None = None
    verdict: BenchmarkVerdict | None = None
    since: Moment | None = None
    until: Moment | None = None
    limit: ListLimit = 50
    offset: ListOffset = 0


class AdminBenchmark(Answer, frozen=True, kw_only=True):
    """One report as it was handed in. `difference_ms` is boosted minus direct: below 0 is better with the booster."""

    id: str
    account_id: str
    email: str
    game: str
    region: str | None
    node_id: str | None
    created_at: Timestamp
    mode: str
    method: str
    client_version: str
    blocks: Count
    seconds: float
    verdict: BenchmarkVerdict
    difference_ms: float
    ci_low_ms: float
    ci_high_ms: float
    confidence: float
    direct_ms: float
    boosted_ms: float
    direct_loss_percent: float
    boosted_loss_percent: float


class AdminBenchmarkPage(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/benchmarks, newest first."""

    benchmarks: list[AdminBenchmark]
    total: Count
    limit: int
    offset: int


class DeletedBenchmark(Answer, frozen=True, kw_only=True):
    """The report that was deleted, or with `dry_run` would be."""

    benchmark: AdminBenchmark
    dry_run: bool


class AdminBenchmarksDocument(Document, frozen=True, kw_only=True):
    """`plg admin benchmarks list --json`."""

    benchmarks: list[AdminBenchmark]
    total: Count
    limit: int
    offset: int
    schema: str = "plg.admin_benchmarks/1"


class AdminDeletedBenchmarkDocument(Document, frozen=True, kw_only=True):
    """`plg admin benchmarks delete --json`."""

    benchmark: AdminBenchmark
    dry_run: bool
    schema: str = "plg.admin_benchmark_delete/1"
