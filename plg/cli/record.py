"""`plg record`: what the running tunnel's paths do, into a file: sequence numbers and times, no payload, no address."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import invocation
from plg.cli.language import N_, _

if TYPE_CHECKING:
    from plg.contract.cli_output import RecordDocument
    from plg.tunnel.path_recording import Recording

app = command_app()


@add_command(
    app,
    help=N_(
        "Record what the running tunnel's paths do.\n"
        "Writes sequence numbers, lengths and times of each path, and what the relay counted: no payload, no address.\n"
        "Ends with Ctrl-C, after --seconds, or with the tunnel. plg replay says what another mode would have given."
    ),
    examples="plg record match.plgrec\nplg record match.plgrec --seconds 600",
)
def record(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help=N_("The file to write; it must not exist yet."))],
    seconds: Annotated[
        float | None, typer.Option("--seconds", metavar="N", min=1, max=86400, help=N_("How long to record."))
    ] = None,
) -> None:
    from plg.tunnel.control_client import NoTunnel, TunnelSilent
    from plg.tunnel.path_recording import DamagedRecording, read_recording
    from plg.tunnel.runtime_place import runtime_place

    run = invocation(ctx)
    blocks = _blocks(runtime_place(run.environ), seconds)
    try:
        first = next(blocks, b"")  # before the file: without a tunnel there is nothing to write
        with _new_file(file) as stream:
            run.talk.say(_("Recording. Ctrl-C ends it."))
            size = _write(stream, file, first, blocks)
        recording = read_recording(file)
    except NoTunnel:
        raise CliError(
            _("no tunnel is running"),
            code="not_connected",
            exit_code=ExitCode.NOT_CONNECTED,
            next_step=_("start one: plg connect GAME"),
        ) from None
    except TunnelSilent as error:
        raise CliError(
            _("the running tunnel does not answer: {why}").format(why=error),
            code="tunnel_silent",
            exit_code=ExitCode.FAILURE,
            next_step=_("end its process; nothing stays behind"),
        ) from error
    except DamagedRecording as error:
        raise damaged(file, str(error)) from error
    document = _document(file, size, recording)
    if run.output.as_json:
        run.output.document(document)
        return
    run.output.line(
        _("{file}: {seconds:.0f} s, {packets} datagrams, {bytes} bytes").format(
            file=file, seconds=document.seconds, packets=document.packets, bytes=document.bytes
        )
    )
    if document.full:
        run.talk.warn(_("the recording reached its bound and ended there"), event="recording_full")
    run.talk.say(_("Next: plg replay {file} --mode adaptive").format(file=file))


def _blocks(place: object, seconds: float | None) -> Iterator[bytes]:
    """The file's blocks as the tunnel makes them; the last ones come after the time is over or Ctrl-C."""
    from plg.tunnel.control_client import TunnelSilent, stream_recording
    from plg.tunnel.runtime_place import RuntimePlace

    if not isinstance(place, RuntimePlace):
        raise TypeError("no runtime place")
    for answer in stream_recording(place, seconds):
        if answer.error is not None or answer.recording is None:
            raise TunnelSilent(answer.error or _("the tunnel gave another answer than asked for"))
        yield answer.recording


def _new_file(file: Path) -> BinaryIO:
    try:
        return file.open("xb")
    except FileExistsError:
        raise CliError(
            _("{file} is there already").format(file=file),
            code="file_exists",
            exit_code=ExitCode.USAGE,
            next_step=_("name another file"),
        ) from None
    except OSError as error:
        raise _cannot_write(file, error) from error


def _write(stream: BinaryIO, file: Path, first: bytes, blocks: Iterator[bytes]) -> int:
    """Whole blocks, each on disk at once: a killed command leaves a file that can be read."""
    size = 0
    try:
        for block in chain((first,), blocks):
            size += stream.write(block)
            stream.flush()
    except OSError as error:
        raise _cannot_write(file, error) from error
    return size


def _cannot_write(file: Path, error: OSError) -> CliError:
    return CliError(
        _("{file} cannot be written: {why}").format(file=file, why=error.strerror or error),
        code="cannot_write",
        exit_code=ExitCode.FAILURE,
        next_step=_("name another file"),
    )


def damaged(file: Path, why: str) -> CliError:
    """The file is no recording."""
    return CliError(
        _("{file} is not a readable recording: {why}").format(file=file, why=why),
        code="damaged_recording",
        exit_code=ExitCode.BAD_CONFIGURATION,
        next_step=_("record again: plg record FILE"),
    )


def _document(file: Path, size: int, recording: "Recording") -> "RecordDocument":
    from plg.contract.cli_output import RecordDocument

    return RecordDocument(
        file=str(file),
        bytes=size,
        seconds=round(recording.seconds, 3),
        packets=len(recording.packets),
        paths=sorted({row.path for row in recording.packets}),
        full=recording.full,
    )
