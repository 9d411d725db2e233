"""`plg help TOPIC`: what belongs to no single command."""

from difflib import get_close_matches
from typing import Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import invocation
from plg.cli.language import N_, _

app = command_app()


@add_command(
    app,
    help=N_("Explain a topic: configuration, environment, exit-codes, output, scripting."),
    examples="plg help\nplg help exit-codes\nplg help configuration\nplg help scripting",
)
def help_topic(
    ctx: typer.Context,
    topic: Annotated[
        str | None, typer.Argument(metavar="[TOPIC]", help=N_("The topic; all are listed when it is missing."))
    ] = None,
) -> None:
    from plg.cli.help_topics import TOPICS, topic_text

    run = invocation(ctx)
    if topic is not None and topic not in TOPICS:
        from plg.cli.root import COMMANDS

        if topic in COMMANDS:
            raise CliError(
                _("'{topic}' is a command").format(topic=topic),
                code="usage",
                exit_code=ExitCode.USAGE,
                next_step=_("see: {command}").format(command=f"plg {topic} --help"),
            )
        raise CliError(
            _("no help on '{topic}'").format(topic=topic),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("topics: {names}").format(names=", ".join(TOPICS)),
            nearest=tuple(get_close_matches(topic, TOPICS)),
        )
    if run.output.as_json:
        from plg.contract.cli_output import HelpDocument, HelpTopic

        wanted = list(TOPICS) if topic is None else [topic]
        run.output.document(
            HelpDocument(
                topics=[HelpTopic(topic=name, title=_(TOPICS[name]), text=topic_text(name)) for name in wanted]
            )
        )
    elif topic is None:
        for name, title in TOPICS.items():
            run.output.line(f"{name:<13}  {_(title)}")
        run.talk.say(_("Read one with: plg help TOPIC"))
    else:
        run.output.block(topic_text(topic))
