"""`plg profile`: games of a person's own: learned from what a program sends, checked, tried, kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import invocation
from plg.cli.language import N_, _

if TYPE_CHECKING:
    from plg.cli.profile_lint import Fault, LocalProfile
    from plg.cli.profile_observing import Sightings
    from plg.contract.cli_output_machine import ProfileRow

app = command_app(
    help=N_(
        "Games of your own: a profile says which programs a game has and where its packets go.\n"
        "Learn one from a running game, check it, keep it; plg connect and plg watch then know it. The server still approves each destination."
    )
)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help=N_("The profile, a TOML file."))]


@add_command(
    app,
    name="learn",
    help=N_(
        "Draft a profile from what a running program sends.\n"
        "Play a match meanwhile. With root's rights packets are counted; without, only connected sockets can be seen. Ctrl-C ends it early."
    ),
    examples="plg profile learn mygame\nsudo plg profile learn 4711 --seconds 120 --output mygame.toml",
)
def learn(
    ctx: typer.Context,
    process: Annotated[
        str, typer.Argument(metavar="PROCESS|PID", help=N_("The program's name, or a process's number."))
    ],
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="N", min=1, max=3600, help=N_("How long to watch."))
    ] = 60.0,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help=N_("Write it there; never over another file."))
    ] = None,
) -> None:
    from plg.cli.profile_observing import find_processes
    from plg.cli.profile_words import doubt_sentences
    from plg.contract.cli_output_machine import ProfileDraftDocument
    from plg.machine.profile_learning import draft_profile, profile_toml

    run = invocation(ctx)
    found = find_processes(process)
    if not found:
        raise CliError(
            _("no program called '{name}' is running").format(name=process),
            code="no_such_process",
            exit_code=ExitCode.NOT_FOUND,
            next_step=_("start the game first; ps or the task manager shows its name"),
        )
    run.talk.say(_("Watching {name} for {seconds} s: play a match now").format(name=process, seconds=f"{seconds:g}"))
    sightings, took_s = watch_flows(list(found), seconds)
    programs = [name for names in found.values() for name in names]
    draft = draft_profile(programs[0], programs, sightings.flows(), took_s)
    sentences = doubt_sentences(draft, tapped=sightings.tapped)
    text = profile_toml(draft, sentences)
    if output is not None:
        write_new(output, text)
    if run.output.as_json:
        run.output.document(
            ProfileDraftDocument(
                id=draft.slug,
                programs=list(draft.programs),
                ports=list(draft.ports),
                prefixes=list(draft.prefixes),
                packets_per_s=draft.packets_per_s,
                confidence=draft.confidence,
                doubts=[doubt.value for doubt in draft.doubts],
                counted=sightings.tapped,
                seconds=round(took_s, 1),
                toml=text,
                file=str(output) if output is not None else None,
            )
        )
        return
    for sentence in sentences:
        run.talk.say(sentence)
    if output is None:
        run.output.block(text)
    else:
        run.output.line(_("Written: {path}").format(path=output))
    run.talk.say(_("Next: plg profile lint FILE, plg profile test FILE while you play, plg profile add FILE"))


@add_command(
    app,
    name="lint",
    help=N_(
        "Check a profile by the server's own rules, every fault with its line.\nExit code 10 when there are faults."
    ),
    examples="plg profile lint mygame.toml",
)
def lint(ctx: typer.Context, file: FileArgument) -> None:
    from plg.cli.profile_lint import lint_profile, read_profile
    from plg.contract.cli_output_machine import ProfileFault, ProfileLintDocument

    run = invocation(ctx)
    profile, faults = lint_profile(read_profile(file))
    if run.output.as_json:
        rows = [ProfileFault(line=fault.line or None, problem=fault.problem) for fault in faults]
        run.output.document(ProfileLintDocument(file=str(file), ok=profile is not None, faults=rows))
    else:
        for fault in faults:
            run.output.line(f"{place(file, fault)}: {fault.problem}")
        if profile is not None:
            run.output.line(_("{file}: in order").format(file=file))
    if profile is None:
        raise typer.Exit(ExitCode.BAD_CONFIGURATION)


@add_command(
    app,
    name="test",
    help=N_(
        "Show what a profile would match now: processes, and where they send.\n"
        "Exit code 1 when no process, or none of what it sends, is matched."
    ),
    examples="sudo plg profile test mygame.toml --seconds 10",
)
def try_(
    ctx: typer.Context,
    file: FileArgument,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="N", min=1, max=600, help=N_("How long to watch."))
    ] = 5.0,
) -> None:
    from plg.cli.own_profiles import names_destination
    from plg.cli.profile_words import show_test
    from plg.contract.cli_output_machine import ProfileTestDocument, TestedFlow
    from plg.machine.game_processes import running_games
    from plg.tunnel.grants import HostPort, port_spans

    run = invocation(ctx)
    profile = checked(file)
    pids = running_games({profile.slug: profile.executables}).get(profile.slug, [])
    flows: list[TestedFlow] = []
    tapped = False
    if pids:
        from ipaddress import ip_network

        networks, spans = [ip_network(prefix) for prefix in profile.prefixes], port_spans(profile.ports)
        sightings, _took_s = watch_flows(pids, seconds)
        tapped = sightings.tapped
        flows = [
            TestedFlow(
                destination=(target := str(HostPort(str(flow.address), flow.port))),
                matched=names_destination(networks, spans, target),
                packets=flow.packets,
            )
            for flow in sightings.flows()
        ]
    if run.output.as_json:
        run.output.document(ProfileTestDocument(id=profile.slug, pids=pids, flows=flows, counted=tapped))
    else:
        show_test(run, profile, pids, flows, tapped=tapped)
    if not any(flow.matched for flow in flows):
        raise typer.Exit(ExitCode.FAILURE)


@add_command(
    app,
    name="add",
    help=N_("Keep a profile, so that plg connect and plg watch know its game."),
    examples="plg profile add mygame.toml\nplg profile add mygame.toml --yes",
)
def add(
    ctx: typer.Context,
    file: FileArgument,
    yes: Annotated[bool, typer.Option("--yes", help=N_("Do not ask."))] = False,
) -> None:
    from plg.cli.profile_files import add_profile, profile_file
    from plg.cli.profile_words import sure
    from plg.contract.cli_output_machine import ProfileChangeDocument

    run = invocation(ctx)
    profile = checked(file)
    is_there = profile_file(run.settings.directory, profile.slug).exists()
    if not yes:
        question = (
            _("Replace the profile {id}? [y/N] ") if is_there else _("Keep the profile {id} ({programs})? [y/N] ")
        )
        sure(run, question.format(id=profile.slug, programs=", ".join(profile.executables)))
    kept = add_profile(run.settings.directory, profile)
    if run.output.as_json:
        run.output.document(ProfileChangeDocument(id=profile.slug, file=str(kept), kept=True))
    else:
        run.output.line(_("Kept. Connect with: plg connect {id}").format(id=profile.slug))
        if profile.plays_as is None:
            run.talk.say(
                _("The server must know a game '{id}', or the profile name one of its games as plays_as.").format(
                    id=profile.slug
                )
            )


@add_command(app, name="list", help=N_("List the profiles of your own."), examples="plg profile list")
def list_(ctx: typer.Context) -> None:
    from plg.cli.output import Column
    from plg.cli.profile_files import list_profiles
    from plg.contract.cli_output_machine import ProfilesDocument

    run = invocation(ctx)
    good, damaged = list_profiles(run.settings.directory)
    for path in damaged:
        run.talk.warn(
            _("{path} breaks the rules and is passed over; see: plg profile lint {path}").format(path=path),
            event="profile_faulty",
        )
    rows = [row(profile) for profile in good]
    if run.output.as_json:
        run.output.document(ProfilesDocument(profiles=rows))
    elif rows:
        run.output.table(
            [Column(_("id")), Column(_("name")), Column(_("programs")), Column(_("plays as"))],
            [(entry.id, entry.name, ", ".join(entry.programs), entry.plays_as or "-") for entry in rows],
        )
    else:
        run.talk.say(_("There are none; see: plg profile learn"))


@add_command(app, name="remove", help=N_("Forget a profile of your own."), examples="plg profile remove mygame")
def remove(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID", help=N_("See plg profile list."))],
    yes: Annotated[bool, typer.Option("--yes", help=N_("Do not ask."))] = False,
) -> None:
    from difflib import get_close_matches

    from plg.cli.profile_files import list_profiles, profile_file, remove_profile
    from plg.cli.profile_words import sure
    from plg.contract.cli_output_machine import ProfileChangeDocument

    run = invocation(ctx)
    file = profile_file(run.settings.directory, name)
    if not yes and file.exists():
        sure(run, _("Forget the profile {id}? [y/N] ").format(id=name))
    if not remove_profile(run.settings.directory, name):
        good, _damaged = list_profiles(run.settings.directory)
        raise CliError(
            _("there is no profile '{id}'").format(id=name),
            code="no_such_profile",
            exit_code=ExitCode.NOT_FOUND,
            next_step=_("see: plg profile list"),
            nearest=tuple(get_close_matches(name, [profile.slug for profile in good])),
        )
    if run.output.as_json:
        run.output.document(ProfileChangeDocument(id=name, file=str(file), kept=False))
    else:
        run.output.line(_("Forgotten: {id}").format(id=name))


def checked(file: Path) -> "LocalProfile":
    """The profile of a file that keeps the rules. Raises CliError with its first fault."""
    from plg.cli.profile_lint import lint_profile, read_profile

    profile, faults = lint_profile(read_profile(file))
    if profile is None:
        first = faults[0]
        raise CliError(
            f"{place(file, first)}: {first.problem}",
            code="profile_faulty",
            exit_code=ExitCode.BAD_CONFIGURATION,
            next_step=_("see all: plg profile lint {file}").format(file=file),
        )
    return profile


def place(file: Path, fault: "Fault") -> str:
    """File and line, as compilers write them: editors jump there."""
    return f"{file}:{fault.line}" if fault.line else str(file)


def row(profile: "LocalProfile") -> "ProfileRow":
    """A profile as a row."""
    from plg.contract.cli_output_machine import ProfileRow

    return ProfileRow(
        id=profile.slug,
        name=profile.name,
        programs=list(profile.executables),
        prefixes=list(profile.prefixes),
        ports=list(profile.ports),
        plays_as=profile.plays_as,
    )


def write_new(path: Path, text: str) -> None:
    """Raises CliError when there is a file already."""
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise CliError(
            _("{path} cannot be written: {why}").format(path=path, why=error.strerror or str(error)),
            code="cannot_write",
            exit_code=ExitCode.FAILURE,
            next_step=_("give another place: --output FILE"),
        ) from error


def watch_flows(pids: Sequence[int], seconds: float) -> "tuple[Sightings, float]":
    """What these processes send, and how long that was watched; Ctrl-C ends it early and keeps what was seen."""
    import asyncio
    import signal
    import sys
    import time

    from plg.cli.profile_observing import observe

    async def work() -> "Sightings":
        enough = asyncio.Event()
        loop = asyncio.get_running_loop()
        if sys.platform != "win32":
            loop.add_signal_handler(signal.SIGINT, enough.set)
        try:
            return await observe(pids, seconds, enough)
        finally:
            if sys.platform != "win32":
                loop.remove_signal_handler(signal.SIGINT)

    began_s = time.monotonic()
    sightings = asyncio.run(work())
    return sightings, time.monotonic() - began_s
