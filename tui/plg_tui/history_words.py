"""Sessions and benchmarks in words. What is not known is a question mark, never a guess."""

from collections.abc import Sequence
from datetime import datetime

from plg.cli.language import _, ngettext
from plg.cli.output import safe_text
from plg.contract.benchmarks import BenchmarkSummary, BenchmarkVerdict, OwnBenchmark
from plg.contract.sessions import SessionRecord
from plg_tui.graph_drawing import Marks
from plg_tui.history_charts import SAME_MS, bar, gain_groups, gain_ms, shares_bar

UNKNOWN = "?"
NARROW_SESSION = (0, 1, 2, 3, 4, 5, 8)
"""Implementation. Of `session_row` what has room in 80 columns: without the relay and the loss."""


NARROW_OWN = (0, 1, 4, 5, 6, 8)
"""Implementation. Of `own_benchmark_row` what has room in 80 columns: without region, relay and loss."""


def ping_legend(marks: Marks) -> str:
    """What the two lines of a graph of pings are."""
    solid, dashed = ("***", "- -") if marks is Marks.ASCII else ("━━━", "╍╍╍")
    return _("Ping, ms: {solid} PLG  {dashed} direct").format(solid=solid, dashed=dashed)


def when(timestamp: str) -> str:
    """A server's time as this machine's own, to the minute."""
    try:
        return datetime.fromisoformat(timestamp).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return safe_text(timestamp[:16])


def length(seconds: float) -> str:
    """Hours, minutes and seconds as a clock shows them."""
    whole = max(0, int(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def ms(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f}"


def gain(record: SessionRecord) -> str:
    """With a sign: + is better through PLG."""
    found = gain_ms(record)
    return UNKNOWN if found is None else f"{found:+.0f}"


def lost(record: SessionRecord) -> str:
    """The worse direction."""
    known = [value for value in (record.loss_up_percent, record.loss_down_percent) if value is not None]
    return f"{max(known):.1f} %" if known else UNKNOWN


def session_titles() -> tuple[str, ...]:
    return (
        _("When"),
        _("Game"),
        _("Length"),
        "PLG",
        _("Direct"),
        _("Gain"),
        _("Relay"),
        _("Lost"),
        _("Saved"),
    )


def session_row(record: SessionRecord) -> tuple[str, ...]:
    """In the order of `session_titles`."""
    return (
        when(record.started_at),
        record.game,
        _("runs now") if record.ended_at is None else length(record.seconds),
        ms(record.measured_total_ms),
        ms(record.direct_ms),
        gain(record),
        record.node_name,
        lost(record),
        str(record.saved_up + record.saved_down),
    )


def last_session(record: SessionRecord) -> str:
    """One line: when, how long, and what it gave."""
    parts = [_("Last session: {when}").format(when=when(record.started_at)), length(record.seconds)]
    found = gain_ms(record)
    if found is not None:
        pings = {"plg": ms(record.measured_total_ms), "direct": ms(record.direct_ms)}
        parts.append(_("{plg} ms, direct {direct} ms").format(**pings))
    return ", ".join(parts)


def totals(records: Sequence[SessionRecord], total: int, offset: int) -> str:
    """What the listed sessions were together; says when they are not all there are."""
    count = ngettext("{n} session", "{n} sessions", len(records)).format(n=len(records))
    if total > len(records):
        count = _("{count} ({first} to {last} of {total})").format(
            count=count, first=offset + 1, last=min(total, offset + len(records)), total=total
        )
    played = length(sum(record.seconds for record in records))
    megabytes = sum(record.bytes_up + record.bytes_down for record in records) / 1e6
    saved = sum(record.saved_up + record.saved_down for record in records)
    parts = [
        count,
        played,
        _("{n} MB").format(n=f"{megabytes:.1f}"),
        ngettext("{n} packet saved", "{n} packets saved", saved).format(n=saved),
    ]
    return ", ".join(parts)


def gain_lines(records: Sequence[SessionRecord], width: int, marks: Marks) -> list[str]:
    """How many sessions gained how much, as bars in `width` cells; nothing when no gain was measured."""
    counts = gain_groups(records)
    if not any(counts):
        return []
    names = (
        _("40+ ms better"),
        _("10-40 ms better"),
        _("1-10 ms better"),
        _("same (below {n} ms)").format(n=f"{SAME_MS:g}"),
        _("worse"),
    )
    label = max(len(name) for name in names)
    figure = len(str(max(counts)))
    room = max(1, width - label - figure - 3)
    return [
        f"{name:<{label}} {count:>{figure}} {bar(count, max(counts), room, marks)}".rstrip()
        for name, count in zip(names, counts, strict=True)
    ]


def benchmark_titles() -> tuple[str, ...]:
    return (
        _("Game"),
        _("Region"),
        _("Players"),
        _("Direct"),
        "PLG",
        _("Change"),
        _("better/same/worse"),
    )


def benchmark_row(summary: BenchmarkSummary, marks: Marks) -> tuple[str, ...]:
    """In the order of `benchmark_titles`."""
    shares = (summary.improved_percent, summary.no_difference_percent, summary.worse_percent)
    figures = "/".join(f"{share:.0f}" for share in shares)
    return (
        summary.game,
        summary.region or UNKNOWN,
        str(summary.players),
        ms(summary.direct_ms_median),
        ms(summary.boosted_ms_median),
        f"{summary.difference_ms_median:+.0f}",
        f"{shares_bar(shares, 8, marks)} {figures} %",
    )


def own_benchmark_titles() -> tuple[str, ...]:
    return (
        _("When"),
        _("Game"),
        _("Region"),
        _("Relay"),
        _("Direct"),
        "PLG",
        _("Change"),
        _("Lost"),
        _("Verdict"),
    )


def own_benchmark_row(report: OwnBenchmark) -> tuple[str, ...]:
    """In the order of `own_benchmark_titles`; the change with its interval, the loss direct and through PLG."""
    verdicts = {
        BenchmarkVerdict.IMPROVED: _("better"),
        BenchmarkVerdict.NO_DIFFERENCE: _("no difference"),
        BenchmarkVerdict.WORSE: _("worse"),
    }
    return (
        when(report.created_at),
        report.game,
        report.region or UNKNOWN,
        report.node_name or UNKNOWN,
        ms(report.direct.rtt_ms_p50),
        ms(report.boosted.rtt_ms_p50),
        f"{report.difference_ms:+.1f} ({report.ci_low_ms:+.1f}…{report.ci_high_ms:+.1f})",
        f"{report.direct.loss_percent:.1f} / {report.boosted.loss_percent:.1f} %",
        verdicts[report.verdict],
    )


def own_benchmark_note(reports: Sequence[OwnBenchmark], total: int) -> str:
    """How many there are, what they say together, and what the brackets mean."""
    count = ngettext("{n} report", "{n} reports", len(reports)).format(n=len(reports))
    if total > len(reports):
        count = _("{count} of {total}").format(count=count, total=total)
    better = sum(report.verdict is BenchmarkVerdict.IMPROVED for report in reports)
    worse = sum(report.verdict is BenchmarkVerdict.WORSE for report in reports)
    shares = _("{better} better, {same} no difference, {worse} worse").format(
        better=better, same=len(reports) - better - worse, worse=worse
    )
    sure = "/".join(sorted({f"{report.confidence * 100:.0f}" for report in reports}))
    interval = _("in brackets: {n} % interval").format(n=sure)
    return f"{count}: {shares}; {interval}" if reports else count
