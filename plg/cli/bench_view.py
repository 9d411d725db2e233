"""What `plg bench` says before, while and after it measures."""

from plg import __version__
from plg.cli.bench_arms import Bench
from plg.cli.bench_run import Experiment, ExperimentPlan, MeasuredBlock, so_far
from plg.cli.invocation import Invocation
from plg.cli.language import N_, _, ngettext
from plg.cli.node_view import milliseconds
from plg.cli.output import Column
from plg.contract.benchmarks import BenchmarkArm, BenchmarkReport, BenchmarkVerdict
from plg.contract.cli_output_bench import (
    BenchArm,
    BenchBlock,
    BenchDifference,
    BenchDocument,
    BenchProgressDocument,
)
from plg.probe.bench_statistics import (
    CONFIDENCE,
    MINIMUM_EFFECT_MS,
    ArmFigures,
    BenchResult,
    Difference,
    Way,
    arm_figures,
)

_VERDICTS = {
    "improved": N_("Improved: the ping through PLG is {time} lower."),
    "worse": N_("Worse: the ping through PLG is {time} higher."),
    "no_difference": N_("No difference that counts: {time} between the two ways."),
}


def announce(run: Invocation, bench: Bench, plan: ExperimentPlan) -> None:
    """What is about to happen, how long it takes, and how it is measured."""
    found = bench.found
    to = f" {found.target}" if found.target is not None else ""
    blocks = ngettext("{n} block each way", "{n} blocks each way", plan.pairs).format(n=plan.pairs)
    say = run.talk.say
    say(
        _("{game}{to}, direct and through {relay}: {blocks}, about {seconds} s, seed {seed}").format(
            game=found.game.name, to=to, relay=bench.grant.relay.name, blocks=blocks, seconds=f"{plan.seconds:.0f}",
            seed=plan.seed,
        )
    )  # fmt: skip
    if bench.is_end_to_end:
        name = f" ({bench.server_name})" if bench.server_name else ""
        say(_("Method: the game server itself answers{name}, both ways: end to end.").format(name=name))
    else:
        say(_("Method: parts of the way. Boosted is your ping to the relay plus the relay's own way to the game."))


class BenchProgress:
    """One line after each block: rewritten on a terminal, talk in a pipe, documents with --json."""

    def __init__(self, run: Invocation, plan: ExperimentPlan) -> None:
        self._run = run
        self._plan = plan
        self._blocks: list[MeasuredBlock] = []
        self._unfinished = False

    def show(self, measured: MeasuredBlock) -> None:
        self._blocks.append(measured)
        output = self._run.output
        total = 2 * self._plan.pairs
        if output.as_json:
            output.document(BenchProgressDocument(done=len(self._blocks), blocks=total, block=block_view(measured)))
            return
        direct, boosted = (arm_figures(so_far(self._blocks, way)) for way in (Way.DIRECT, Way.BOOSTED))
        text = _("block {n} of {total}   direct {direct}   PLG {boosted}").format(
            n=len(self._blocks),
            total=total,
            direct=milliseconds(direct.rtt_ms_p50) or "?",
            boosted=milliseconds(boosted.rtt_ms_p50) or "?",
        )
        if output.is_terminal:
            self._unfinished = True
            output.rewrite_line(text)
        else:
            self._run.talk.say(text)

    def finish(self) -> None:
        if self._unfinished:
            self._unfinished = False
            self._run.output.line()


def show_result(run: Invocation, document: BenchDocument) -> None:
    """The table and the verdict in one sentence."""
    if run.output.as_json:
        run.output.document(document)
        return
    columns = [Column(""), Column(_("direct"), right=True), Column("PLG", right=True)]
    columns += [Column(_("difference"), right=True), Column(_("95 % interval"), right=True)]
    run.output.table(columns, [*_rows(document)])
    if not document.complete:
        run.output.line(_("Broken off: {n} blocks each way.").format(n=document.boosted.blocks))
    run.output.line(_verdict_sentence(document))
    loss = document.loss_percent
    if loss is not None and (loss.low > 0 or loss.high < 0):
        text = _("It also loses more: {n} %.") if loss.value > 0 else _("It also loses less: {n} %.")
        run.output.line(text.format(n=f"{loss.value:+.1f}"))
    if not document.end_to_end:
        run.output.line(_("Only its parts were measured; with --target a server that answers is asked end to end."))
    if document.sent_as:
        run.output.line(_("Handed in as {id}.").format(id=document.sent_as))


def bench_document(bench: Bench, experiment: Experiment, result: BenchResult, sent_as: str | None) -> BenchDocument:
    """All that was measured."""
    found, relay = bench.found, bench.grant.relay
    return BenchDocument(
        game=found.game.slug,
        target=str(found.target) if found.target is not None else None,
        region=found.report.region,
        node_id=relay.node_id,
        node_name=relay.name,
        method=bench.method,
        end_to_end=bench.is_end_to_end,
        server_name=bench.server_name,
        mode=bench.grant.mode,
        seed=experiment.plan.seed,
        seconds=round(experiment.seconds, 1),
        complete=experiment.is_complete,
        blocks=[block_view(entry) for entry in experiment.blocks],
        direct=_arm(result.direct),
        boosted=_arm(result.boosted),
        median_ms=_difference(result.median_ms),
        p95_ms=_difference(result.p95_ms),
        jitter_ms=_difference(result.jitter_ms),
        loss_percent=_difference(result.loss_percent),
        confidence=CONFIDENCE,
        minimum_effect_ms=MINIMUM_EFFECT_MS,
        verdict=result.verdict.value,
        sent_as=sent_as,
    )


def bench_report(bench: Bench, experiment: Experiment, result: BenchResult) -> BenchmarkReport | None:
    """What the server is sent; None when one way had no answers.

    Its verdict follows from the interval alone, as the contract says; ours also asks for an effect that somebody feels.
    """
    direct, boosted, difference = _report_arm(result.direct), _report_arm(result.boosted), result.median_ms
    if direct is None or boosted is None or difference is None:
        return None
    verdict = BenchmarkVerdict.NO_DIFFERENCE
    if difference.is_certain:
        verdict = BenchmarkVerdict.IMPROVED if difference.value < 0 else BenchmarkVerdict.WORSE
    found = bench.found
    known_regions = {region.code for region in found.game.regions}
    return BenchmarkReport(
        game=found.game.slug,
        region=found.report.region if found.report.region in known_regions else None,
        node_id=bench.grant.relay.node_id,
        mode=bench.grant.mode,
        method=bench.method,
        blocks=len(experiment.blocks),
        seconds=max(experiment.seconds, 0.1),
        direct=direct,
        boosted=boosted,
        difference_ms=difference.value,
        ci_low_ms=difference.low,
        ci_high_ms=difference.high,
        confidence=CONFIDENCE,
        verdict=verdict,
        client_version=__version__,
    )


def block_view(measured: MeasuredBlock) -> BenchBlock:
    """One block as programs see it."""
    return BenchBlock(
        number=measured.number,
        way=measured.block.way.value,
        began_s=round(measured.began_s, 3),
        sent=measured.block.sent,
        rtts_ms=[round(rtt_ms, 3) for rtt_ms in measured.block.rtts_ms],
        game_leg_ms=measured.leg_ms,
        game_leg_age_s=measured.leg_age_s,
    )


def _rows(document: BenchDocument) -> list[tuple[str, str, str, str, str]]:
    direct, boosted = document.direct, document.boosted
    timed = (
        (_("ping, median"), direct.rtt_ms_p50, boosted.rtt_ms_p50, document.median_ms),
        (_("ping, 95 of 100"), direct.rtt_ms_p95, boosted.rtt_ms_p95, document.p95_ms),
        (_("jitter"), direct.jitter_ms, boosted.jitter_ms, document.jitter_ms),
    )
    rows = [
        (title, milliseconds(one), milliseconds(other), *_between(difference, _("{n} ms")))
        for title, one, other, difference in timed
    ]
    lost = (f"{arm.loss_percent:.1f} %" for arm in (direct, boosted))
    return [*rows, (_("lost"), *lost, *_between(document.loss_percent, "{n} %"))]  # type: ignore[list-item]  # two texts each


def _between(difference: BenchDifference | None, unit: str) -> tuple[str, str]:
    if difference is None:
        return "", ""
    interval = _("{low} to {high}").format(low=f"{difference.low:+.1f}", high=f"{difference.high:+.1f}")
    return unit.format(n=f"{difference.value:+.1f}"), interval


def _verdict_sentence(document: BenchDocument) -> str:
    difference = document.median_ms
    if difference is None:
        return {
            "worse": _("Worse: through PLG almost nothing was answered."),
            "improved": _("Improved: directly almost nothing was answered."),
        }.get(document.verdict, _("No verdict: almost nothing was answered."))
    if document.verdict == "no_difference" and difference.high < 0 and difference.value <= -MINIMUM_EFFECT_MS:
        return _("No improvement: the ping is lower, but more is lost.")
    return _(_VERDICTS[document.verdict]).format(time=milliseconds(abs(difference.value)))


def _arm(figures: ArmFigures) -> BenchArm:
    return BenchArm(
        blocks=figures.blocks,
        sent=figures.sent,
        answered=figures.answered,
        rtt_ms_p50=figures.rtt_ms_p50,
        rtt_ms_p95=figures.rtt_ms_p95,
        rtt_ms_p99=figures.rtt_ms_p99,
        jitter_ms=figures.jitter_ms,
        loss_percent=figures.loss_percent,
    )


def _report_arm(figures: ArmFigures) -> BenchmarkArm | None:
    if figures.rtt_ms_p50 is None or figures.rtt_ms_p95 is None:
        return None
    return BenchmarkArm(
        samples=figures.answered,
        rtt_ms_p50=figures.rtt_ms_p50,
        rtt_ms_p95=figures.rtt_ms_p95,
        rtt_ms_p99=figures.rtt_ms_p99,
        jitter_ms=figures.jitter_ms,
        loss_percent=figures.loss_percent,
    )


def _difference(difference: Difference | None) -> BenchDifference | None:
    if difference is None:
        return None
    return BenchDifference(value=difference.value, low=difference.low, high=difference.high)
