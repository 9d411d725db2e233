"""`plg replay`: what another mode of redundancy would have given in a recorded match."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.connect import read_overhead
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.record import damaged

if TYPE_CHECKING:
    from plg.contract.cli_output import ReplayDirection, ReplayDocument, ReplayPath
    from plg.lab.simulation.replay import PathEvidence, Replay, ReplayedDirection, ReplayedMatch
    from plg.tunnel.path_recording import Recording

NOTES = {
    "up_from_counts": N_(
        "Up: the relay counts losses four times a second; which packets of that moment they were is assumed, in a row."
    ),
    "down_clock_estimated": N_(
        "Down: losses are exact; when a packet was sent is worked out from its neighbours, so an uneven tick of the game looks like jitter."
    ),
    "one_path": N_(
        "The recording has one path: more copies can only go the same way, later. Record with two paths to see what they give."
    ),
    "few_datagrams": N_("A path carried few datagrams: what it would do under load is a guess."),
    "guessed": N_(
        "The mode needs a path at moments of which the recording knows nothing; its average stands in there."
    ),
    "unfinished": N_("The recording was broken off; what is there was used."),
    "full": N_("The recording reached its bound and ended there."),
    "no_counts": N_("The relay's counts are missing, so losses up are not known."),
}

app = command_app()


class AskedMode(StrEnum):
    """The modes of redundancy."""

    OFF = "off"
    REDUNDANT = "redundant"
    ADAPTIVE = "adaptive"


@add_command(
    app,
    help=N_(
        "Replay a recorded match in another mode.\n"
        "Plays the recorded packets again over the paths as they were, through the real protocol in simulated time."
    ),
    examples="plg replay match.plgrec --mode adaptive\nplg replay match.plgrec --mode redundant --max-overhead 1.5 --json",
)
def replay(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help=N_("A file of plg record."))],
    mode: Annotated[AskedMode, typer.Option("--mode", help=N_("off, redundant or adaptive."))],
    max_overhead: Annotated[
        float | None,
        typer.Option(
            "--max-overhead",
            metavar="X",
            help=N_("Bytes sent per byte of one copy, at most; 1 allows no copies."),
        ),
    ] = None,
) -> None:
    from plg.lab.simulation.replay import NothingToReplay
    from plg.lab.simulation.replay import replay as play_again
    from plg.protocol.redundancy import Redundancy, RedundancyMode

    run = invocation(ctx)
    overhead = read_overhead(max_overhead)
    recording = _read(file)
    run.talk.say(_("Replaying {seconds:.0f} s.").format(seconds=recording.seconds))
    try:
        found = play_again(recording, Redundancy(RedundancyMode(mode.value), overhead))
    except NothingToReplay as error:
        raise CliError(
            _("{file} cannot be replayed: {why}").format(file=file, why=error),
            code="nothing_to_replay",
            exit_code=ExitCode.FAILURE,
            next_step=_("record a match: plg record FILE"),
        ) from error
    document = _document(file, recording, found)
    if run.output.as_json:
        run.output.document(document)
    else:
        _show(run, document)


def _read(file: Path) -> "Recording":
    from plg.tunnel.path_recording import DamagedRecording, read_recording

    try:
        return read_recording(file)
    except DamagedRecording as error:
        raise damaged(file, str(error)) from error
    except OSError as error:
        raise CliError(
            _("{file} cannot be read: {why}").format(file=file, why=error.strerror or error),
            code="cannot_read",
            exit_code=ExitCode.USAGE,
            next_step=_("name a file of plg record"),
        ) from error


def _document(file: Path, recording: "Recording", found: "Replay") -> "ReplayDocument":
    from dataclasses import asdict

    from plg.contract.cli_output import ReplayDirection, ReplayDocument, ReplayMatch, ReplayPath

    def rounded(of: "ReplayedDirection | PathEvidence") -> "dict[str, Any]":
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(of).items()}

    def direction(of: "ReplayedDirection") -> "ReplayDirection":
        return ReplayDirection(**rounded(of))

    def match(of: "ReplayedMatch") -> "ReplayMatch":
        return ReplayMatch(
            mode=of.mode, max_overhead=of.max_overhead, up=direction(of.up), down=direction(of.down), levels=of.levels
        )

    return ReplayDocument(
        file=str(file),
        game=recording.start.game,
        recorded_at=recording.start.at,
        seconds=round(found.seconds, 3),
        recorded=match(found.recorded),
        same_mode=match(found.same_mode),
        asked=match(found.asked),
        paths=[ReplayPath(**rounded(path)) for path in found.paths],
        notes=found.notes,
    )


def _show(run: Invocation, document: "ReplayDocument") -> None:
    from plg.cli.output import Column

    columns = (document.recorded, document.same_mode, document.asked)
    titles = [
        _("as recorded ({mode})").format(mode=document.recorded.mode),
        _("replayed ({mode})").format(mode=document.same_mode.mode),
        _("asked for ({mode})").format(mode=document.asked.mode),
    ]
    ups, downs = [match.up for match in columns], [match.down for match in columns]
    for title, directions in ((_("towards the game"), ups), (_("towards the player"), downs)):
        run.output.table([Column(title), *(Column(text, right=True) for text in titles)], _rows(directions))
        run.output.line()
    run.output.table(
        [
            Column(_("path")),
            *(Column(text, right=True) for text in (_("datagrams"), _("lost up"), _("lost down"), _("guessed"))),
        ],
        [_path_row(path) for path in document.paths],
    )
    run.output.line()
    for note in document.notes:
        run.output.line(_(NOTES[note]))


def _rows(directions: "list[ReplayDirection]") -> list[list[str]]:
    return [
        [_("lost"), *(_("{lost} of {packets} ({percent:.3f} %)").format(lost=one.lost, packets=one.packets, percent=one.loss_percent) for one in directions)],
        [_("latency, median"), *(_milliseconds(one.p50_ms) for one in directions)],
        [_("latency, 99 of 100"), *(_milliseconds(one.p99_ms) for one in directions)],
        [_("latency, 999 of 1000"), *(_milliseconds(one.p999_ms) for one in directions)],
        [_("bytes"), *(_("{bytes} ({ratio:.2f} x)").format(bytes=one.bytes, ratio=one.ratio) for one in directions)],
        [_("saved by copies"), *("-" if one.saved is None else str(one.saved) for one in directions)],
    ]  # fmt: skip


def _path_row(path: "ReplayPath") -> list[str]:
    return [
        str(path.path),
        str(path.datagrams_up + path.datagrams_down),
        _percent(path.loss_up_percent),
        _percent(path.loss_down_percent),
        _percent(path.guessed_percent),
    ]


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else _("{value:.1f} ms").format(value=value)


def _percent(value: float) -> str:
    return _("{value:.1f} %").format(value=value)
