"""What `plg bench` says."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from plg.cli.bench_arms import Bench
from plg.cli.bench_run import Experiment, ExperimentPlan, MeasuredBlock
from plg.cli.bench_view import BenchProgress, announce, bench_document, bench_report, show_result
from plg.contract.benchmarks import BenchmarkVerdict
from plg.probe.bench_statistics import BenchResult, Block, Way, compare, pair_blocks
from plg.tunnel.grants import HostPort
from plg_server.services.benchmark_sums import fault_of
from support.found_routes import found_routes
from support.inside import invocation_at
from support.route_bodies import route_candidate
from support.session_bodies import session_grant

PLAN = ExperimentPlan(pairs=6, samples=4, interval_s=0.5, seed=9)


def bench(*, end_to_end: bool = True) -> Bench:
    """An opened bench as its views see it; nothing of it is alive."""
    found = found_routes(route_candidate("fra1"), target=HostPort("192.0.2.7", 27960))
    seen = SimpleNamespace(
        found=found, grant=session_grant(), method="query_quake3" if end_to_end else "parts",
        is_end_to_end=end_to_end, server_name="Big Room" if end_to_end else None,
    )  # fmt: skip
    return cast("Bench", seen)


def experiment(direct_ms: float | None, boosted_ms: float | None, *, boosted_lost: int = 0) -> Experiment:
    made = Experiment(PLAN, is_complete=True, seconds=60.0)
    for number in range(PLAN.pairs):
        for way, rtt_ms, lost in ((Way.DIRECT, direct_ms, 0), (Way.BOOSTED, boosted_ms, boosted_lost)):
            rtts = () if rtt_ms is None else tuple(rtt_ms + (number + place) % 3 for place in range(4 - lost))
            made.blocks.append(MeasuredBlock(len(made.blocks), number * 2.0, Block(way, rtts, 4)))
    return made


def result(of: Experiment) -> BenchResult:
    return compare(pair_blocks(entry.block for entry in of.blocks), seed=9)


def shown(tmp_path: Path, capsys: pytest.CaptureFixture[str], of: Experiment, **more: bool) -> str:
    show_result(invocation_at(tmp_path), bench_document(bench(**more), of, result(of), None))
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("direct_ms", "boosted_ms", "said"),
    [
        (50.0, 30.0, "Improved: the ping through PLG is 20 ms lower."),
        (30.0, 50.0, "Worse: the ping through PLG is 20 ms higher."),
        (30.0, 30.0, "No difference that counts: 0.0 ms between the two ways."),
        (30.0, None, "Worse: through PLG almost nothing was answered."),
        (None, 30.0, "Improved: directly almost nothing was answered."),
    ],
)
def test_the_verdict_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], direct_ms: float | None, boosted_ms: float | None, said: str
) -> None:
    out = shown(tmp_path, capsys, experiment(direct_ms, boosted_ms))
    assert said in out
    assert [line for line in out.splitlines() if len(line) > 80] == []


def test_a_lower_ping_with_more_loss_is_told_as_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(tmp_path, capsys, experiment(50.0, 30.0, boosted_lost=1))
    assert "No improvement: the ping is lower, but more is lost." in out
    assert "It also loses more: +25.0 %." in out


def test_it_is_said_when_only_parts_were_measured_or_it_was_broken_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = experiment(50.0, 30.0)
    broken.is_complete = False
    out = shown(tmp_path, capsys, broken, end_to_end=False)
    assert "Only its parts were measured" in out
    assert "Broken off: 6 blocks each way." in out


def test_before_it_begins_the_method_the_length_and_the_seed_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    announce(invocation_at(tmp_path), bench(), PLAN)
    announce(invocation_at(tmp_path), bench(end_to_end=False), PLAN)
    said = capsys.readouterr().err
    assert "6 blocks each way, about 30 s, seed 9" in said
    assert "the game server itself answers (Big Room), both ways: end to end" in said
    assert "parts of the way" in said


def test_each_block_is_told_while_it_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    progress = BenchProgress(invocation_at(tmp_path), PLAN)
    documents = BenchProgress(invocation_at(tmp_path, as_json=True), PLAN)
    for measured in experiment(50.0, 30.0).blocks[:2]:
        progress.show(measured)
        documents.show(measured)
    progress.finish()
    captured = capsys.readouterr()
    assert captured.err.splitlines()[-1] == "block 2 of 12   direct 50 ms   PLG 30 ms"
    lines = [msgspec.json.decode(line) for line in captured.out.splitlines()]
    assert [(line["schema"], line["done"], line["blocks"]) for line in lines] == [
        ("plg.bench_progress/1", 1, 12),
        ("plg.bench_progress/1", 2, 12),
    ]


def test_programs_get_every_block_and_every_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = experiment(50.0, 30.0)
    run = invocation_at(tmp_path, as_json=True)
    show_result(run, bench_document(bench(), made, result(made), "b1"))
    document = msgspec.json.decode(capsys.readouterr().out)
    assert (document["schema"], document["verdict"], document["seed"]) == ("plg.bench/1", "improved", 9)
    assert (len(document["blocks"]), document["blocks"][0]["rtts_ms"]) == (12, [50, 51, 52, 50])
    assert (document["median_ms"]["value"], document["sent_as"]) == (-20, "b1")


@pytest.mark.parametrize(("boosted_ms", "verdict"), [(30.0, "improved"), (70.0, "worse"), (49.6, "improved")])
def test_what_is_handed_in_is_plausible_to_the_server(boosted_ms: float, verdict: str) -> None:
    """The last one is certain, but too little for our own verdict; the contract's goes by the interval alone."""
    made = experiment(50.0, boosted_ms)
    report = bench_report(bench(), made, result(made))
    assert report is not None
    assert fault_of(report) is None
    assert report.verdict is BenchmarkVerdict(verdict)
    assert (report.blocks, report.method, report.region) == (12, "query_quake3", None)


def test_a_way_without_answers_cannot_be_handed_in() -> None:
    made = experiment(50.0, None)
    assert bench_report(bench(), made, result(made)) is None
