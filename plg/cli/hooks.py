"""`plg hooks`: what config.toml runs when something happens to the tunnel; listed and tried."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import PlgCommand, add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _, ngettext

if TYPE_CHECKING:
    from plg.machine.hook_running import HookResult

app = command_app(
    help=N_(
        "Your own programs and web addresses, told when something happens to the tunnel.\n"
        "Set one with plg config set hooks.NAME. It gets the event as JSON (plg.event/1) on standard input, or as the body of a POST: one run at a time, 10 seconds at most, as you and never as root by sudo."
    )
)


@add_command(app, name="list", help=N_("List the hooks and what each one is for."), examples="plg hooks list")
def list_(ctx: typer.Context) -> None:
    from plg.cli.config_keys import find_table
    from plg.cli.hook_wiring import hook_targets
    from plg.contract.cli_output_machine import HookRow, HooksDocument
    from plg.machine.hook_running import shown_target

    run = invocation(ctx)
    targets = hook_targets(run)
    table = find_table("hooks")
    names = table.entries if table is not None else {}
    rows = [HookRow(hook=name, target=shown_target(targets[name]) if name in targets else None) for name in names]
    if run.output.as_json:
        run.output.document(HooksDocument(hooks=rows))
        return
    from plg.cli.output import Column

    run.output.table(
        [Column(_("hook")), Column(_("runs")), Column(_("when"))],
        [(row.hook, row.target or "-", _(names[row.hook])) for row in rows],
    )


@add_command(
    app,
    name="test",
    help=N_("Run one hook now, with an event made up for it, and show how it went."),
    examples="plg hooks test on_connect",
)
def test(
    ctx: typer.Context, name: Annotated[str, typer.Argument(metavar="HOOK", help=N_("See plg hooks list."))]
) -> None:
    import msgspec

    from plg.cli.hook_wiring import hook_targets
    from plg.contract.cli_output_machine import HookTestDocument
    from plg.machine.calling_person import person_for
    from plg.machine.hook_running import run_hook, shown_target
    from plg.tunnel.hooks import Hook, sample_event

    run = invocation(ctx)
    if name not in set(Hook):
        from difflib import get_close_matches

        raise CliError(
            _("there is no hook called '{name}'").format(name=name),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("hooks: {names}").format(names=", ".join(Hook)),
            nearest=tuple(get_close_matches(name, list(Hook))),
        )
    target = hook_targets(run).get(name)
    if target is None:
        raise CliError(
            _("nothing is set for {name}").format(name=name),
            code="hook_not_set",
            exit_code=ExitCode.NOT_FOUND,
            next_step=_("set it with: plg config set hooks.{name} PROGRAM ARGUMENTS...").format(name=name),
        )
    person = person_for(run.environ, run.settings.file)
    result = run_hook(target, msgspec.json.encode(sample_event(Hook(name))), run.environ, person)
    if run.output.as_json:
        run.output.document(
            HookTestDocument(
                hook=name,
                target=shown_target(target),
                ok=result.ok,
                why=result.why or None,
                took_s=result.took_s,
                output=result.output,
            )
        )
    else:
        run.output.line(result_text(name, result))
        for line in result.output.splitlines():
            run.output.line("  " + line)
    if not result.ok:
        raise typer.Exit(ExitCode.FAILURE)


@app.command("serve", cls=PlgCommand, hidden=True)
def serve(ctx: typer.Context) -> None:
    """Started by `plg connect`. Ends when standard input does, after the hooks that are due."""
    import sys

    from plg.cli.hook_wiring import hook_targets
    from plg.machine.calling_person import person_for
    from plg.machine.hook_queue import HookQueue
    from plg.machine.hook_running import TIME_LIMIT_S, run_hook
    from plg.tunnel.hooks import MAX_LINE_BYTES

    run = invocation(ctx)

    def tell(name: str, result: "HookResult") -> None:
        say_result(run, name, result)
        dropped = queue.dropped(name)
        if dropped:
            run.talk.warn(
                ngettext(
                    "{hook}: {n} event was dropped, the hook is too slow", "{hook}: {n} events were dropped, the hook is too slow", dropped
                ).format(hook=name, n=dropped),
                event="hook_dropped",
            )  # fmt: skip

    person = person_for(run.environ, run.settings.file)
    queue = HookQueue(hook_targets(run), lambda target, document: run_hook(target, document, run.environ, person), tell)
    while line := sys.stdin.buffer.readline(MAX_LINE_BYTES + 1):
        name = hook_of(line)
        if name is not None:
            queue.put(name, line.rstrip(b"\n"))
    queue.close(TIME_LIMIT_S + 2)


def hook_of(line: bytes) -> str | None:
    """Which hook an event is for; None for what is no event of ours."""
    import msgspec

    from plg.contract.cli_output import EventDocument

    try:
        event = msgspec.json.decode(line, type=EventDocument)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    name = event.detail.get("hook")
    return name if isinstance(name, str) else None


def say_result(run: Invocation, name: str, result: "HookResult") -> None:
    """A hook that did its work is silent unless it wrote something."""
    text = result_text(name, result) + (f": {' '.join(result.output.split())}" if result.output else "")
    if not result.ok:
        run.talk.warn(text, event="hook_failed")
    elif result.output:
        run.talk.say(text)


def result_text(name: str, result: "HookResult") -> str:
    """One line."""
    sentences = {
        "": _("{hook}: done in {seconds} s"),
        "exit_code": _("{hook}: ended with exit code {detail}"),
        "time_over": _("{hook}: ended, it took longer than {detail} s"),
        "cannot_start": _("{hook}: cannot be started: {detail}"),
        "unreachable": _("{hook}: the address cannot be reached: {detail}"),
        "status": _("{hook}: the address answered with status {detail}"),
        "redirected": _("{hook}: the address leads elsewhere (status {detail}), which is not followed"),
    }
    return sentences[result.why].format(hook=name, detail=result.detail, seconds=f"{result.took_s:.1f}")
