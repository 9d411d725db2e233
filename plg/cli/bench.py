"""`plg bench`: does the booster help? An experiment with an honest answer."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption
from plg.cli.target_option import GameArgument, TargetOption, read_target, run_measuring

if TYPE_CHECKING:
    from plg.api.server_client import ServerClient
    from plg.cli.bench_arms import Bench
    from plg.cli.bench_run import Experiment
    from plg.contract.cli_output_bench import BenchDocument
    from plg.contract.sessions import StopSessionRequest
    from plg.probe.bench_statistics import BenchResult
    from plg.probe.game_query import QueryProtocol

DEFAULT_BLOCKS = 10
DEFAULT_SAMPLES = 8
MAX_BLOCKS = 500
SEED_BITS = 31

app = command_app()


class Query(StrEnum):
    """Which question game servers are asked; `auto` is what the game is known for."""

    AUTO = "auto"
    A2S = "a2s"
    QUAKE3 = "quake3"
    OFF = "off"


@add_command(
    app,
    help=N_(
        "Measure whether the booster helps, as an experiment.\n"
        "Blocks of round trips on the direct way and through the relay take turns as a coin decides; the verdict comes with a 95 % "
        "confidence interval and counts from 1 ms. With --target, a game server that answers queries is asked itself, both ways.\n"
        "Exit code 0: improved; 12: no difference; 13: worse. Ctrl-C gives the verdict of what is there after 4 blocks each way."
    ),
    examples=(
        "plg bench openarena --target 192.0.2.7:27960\nplg bench cs2 --minutes 5 --send\n"
        "plg bench openarena --target 192.0.2.7:27960 --seed 42 --json"
    ),
)
def bench(
    ctx: typer.Context,
    game: GameArgument,
    target: TargetOption = None,
    blocks: Annotated[
        int | None,
        typer.Option(
            "--blocks", metavar="N", min=4, max=MAX_BLOCKS, help=N_("Blocks of each way; 10 without --minutes.")
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            "--minutes", metavar="N", min=0.1, max=240, help=N_("As many blocks as fit into so many minutes.")
        ),
    ] = None,
    samples: Annotated[
        int, typer.Option("--samples", metavar="N", min=2, max=100, help=N_("Round trips in a block."))
    ] = DEFAULT_SAMPLES,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", metavar="N", min=0, help=N_("The coin of an earlier run, for the same order of blocks.")
        ),
    ] = None,
    node: Annotated[
        str | None, typer.Option("--node", metavar="RELAY", help=N_("This relay and no other: see plg nodes."))
    ] = None,
    query: Annotated[
        Query, typer.Option("--query", help=N_("How game servers are asked; off: measure the parts of the way."))
    ] = Query.AUTO,
    send: Annotated[
        bool, typer.Option("--send", help=N_("Hand the result in at the server, for its figures of this game."))
    ] = False,
    server: ServerOption = None,
) -> None:
    if blocks is not None and minutes is not None:
        raise CliError(
            _("--blocks and --minutes exclude each other"),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("leave one of them out"),
        )
    import secrets

    from plg.cli.bench_arms import open_bench
    from plg.cli.bench_run import Experiment, ExperimentPlan, run_experiment
    from plg.cli.bench_view import BenchProgress, announce, bench_document, show_result
    from plg.cli.route_finding import find_routes
    from plg.cli.server_access import signed_client
    from plg.probe.bench_statistics import MINIMUM_BLOCKS, compare, pair_blocks

    run = invocation(ctx)
    address = run.server(server)
    wanted = read_target(target)
    refuse_beside_a_tunnel(run)
    coin = seed if seed is not None else secrets.randbits(SEED_BITS)

    async def work() -> "BenchDocument | None":
        async with signed_client(run, address) as client:
            found = await find_routes(client, game, wanted, run.settings.directory)
            opened = await open_bench(client, found, protocol_of(query, found.game.slug), node)
            plan = ExperimentPlan(
                blocks or blocks_in(minutes, samples, opened.interval_s), samples, opened.interval_s, coin
            )
            experiment = Experiment(plan)
            announce(run, opened, plan)
            result: BenchResult | None = None
            progress = BenchProgress(run, plan)
            try:
                await run_experiment(
                    experiment, opened.ways, progress.show, is_over=lambda: opened.session.is_over, leg=opened.leg
                )
                pairs = pair_blocks(entry.block for entry in experiment.blocks)
                if len(pairs) >= MINIMUM_BLOCKS:
                    result = compare(pairs, seed=coin)
            finally:
                progress.finish()
                await opened.close(stop_request(opened, result))
            if result is None and opened.session.is_over:
                raise relay_ended(experiment)
            if result is None:
                return None  # Ctrl-C before there was enough
            sent_as = await hand_in(run, client, opened, experiment, result) if send else None
            return bench_document(opened, experiment, result, sent_as)

    document = run_measuring(work(), game, wanted)
    if document is None:
        raise KeyboardInterrupt
    show_result(run, document)
    code = {"improved": ExitCode.OK, "no_difference": ExitCode.NO_DIFFERENCE, "worse": ExitCode.WORSE}[document.verdict]
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def protocol_of(query: Query, game: str) -> "QueryProtocol | None":
    """What game servers are to be asked."""
    from plg.probe.game_query import QueryProtocol, known_protocol

    if query is Query.OFF:
        return None
    return known_protocol(game) if query is Query.AUTO else QueryProtocol(query.value)


def blocks_in(minutes: float | None, samples: int, interval_s: float) -> int:
    """How many blocks of each way fit; never fewer than a verdict needs."""
    from plg.cli.bench_run import WARM_UP_SAMPLES
    from plg.probe.bench_statistics import MINIMUM_BLOCKS

    if minutes is None:
        return DEFAULT_BLOCKS
    pair_s = 2 * (samples + WARM_UP_SAMPLES) * interval_s
    return min(max(int(minutes * 60 / pair_s), MINIMUM_BLOCKS), MAX_BLOCKS)


def refuse_beside_a_tunnel(run: Invocation) -> None:
    """A tunnel's own packets would be part of what is measured, and may carry the direct samples too."""
    from plg.tunnel.control_client import NoTunnel, TunnelSilent, ask_once
    from plg.tunnel.control_protocol import ControlRequest
    from plg.tunnel.runtime_place import RuntimeDirectoryUnsafe, runtime_place

    try:
        ask_once(runtime_place(run.environ), ControlRequest(ask="status"))
    except (NoTunnel, RuntimeDirectoryUnsafe):
        return
    except TunnelSilent:
        pass  # it is just starting or ending
    raise CliError(
        _("a tunnel is running: it would be part of what is measured"),
        code="already_connected",
        exit_code=ExitCode.BUSY,
        next_step=_("end it with: plg disconnect"),
    )


def relay_ended(experiment: "Experiment") -> CliError:
    """The relay went before there was enough."""
    return CliError(
        _("the relay ended the session after {n} blocks each way: too few for a verdict").format(n=experiment.pairs),
        code="relay_unreachable",
        exit_code=ExitCode.UNREACHABLE,
        next_step=_("try again"),
    )


def stop_request(opened: "Bench", result: "BenchResult | None") -> "StopSessionRequest":
    """What the server learns at the end; a total only when it was measured end to end."""
    from plg.contract.sessions import StopSessionRequest

    if result is None or not opened.is_end_to_end:
        return StopSessionRequest(reason="bench", mode="off")
    address, port = opened.found.targets[0]
    return StopSessionRequest(
        reason="bench",
        mode="off",
        measured_total_ms=result.boosted.rtt_ms_p50,
        measured_target=f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}",
        direct_ms=result.direct.rtt_ms_p50,
    )


async def hand_in(
    run: Invocation, client: "ServerClient", opened: "Bench", experiment: "Experiment", result: "BenchResult"
) -> str | None:
    """Send the report; a refusal is a warning, for the measurement itself is done."""
    from plg.api.errors import ApiError, ServerRefused
    from plg.cli.bench_view import bench_report

    report = bench_report(opened, experiment, result)
    if report is None:
        run.talk.warn(_("not sent: one way had no answers at all"), event="benchmark_not_sent")
        return None
    try:
        return (await client.send_benchmark(report)).id
    except ApiError as error:
        why = error.detail if isinstance(error, ServerRefused) else str(error)
        run.talk.warn(_("not sent: {why}").format(why=why), event="benchmark_not_sent")
        return None
