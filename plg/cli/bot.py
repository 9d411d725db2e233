"""`plg bot`: the Telegram bot of a server, a process of its own over the server's database."""

from typing import Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.server import ConfigOption, DataDirOption, run_to_end, server_refusals, server_settings, show_parts

app = command_app(help=N_("Run and look after the Telegram bot of a PLG server."))

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8081
"""Implementation: beside the server's own 8080."""


@add_command(
    app,
    help=N_(
        "Run the bot until Ctrl-C or SIGTERM, over the database and store of the server's configuration.\n"
        "It asks Telegram for messages; with telegram_webhook_url Telegram brings them."
    ),
    examples="plg bot run\nplg bot run --config /etc/plg/server.toml\nplg bot run --host 127.0.0.1 --port 8081",
)
def run(
    ctx: typer.Context,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    host: Annotated[
        str, typer.Option("--host", help=N_("Address to listen on, where Telegram brings messages."))
    ] = DEFAULT_HOST,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help=N_("Port to listen on then; 0: the system chooses."))
    ] = DEFAULT_PORT,
) -> None:
    from plg_server.bot.running import Running, run_bot
    from plg_server.logging_setup import set_up_logging

    this = invocation(ctx)
    with server_refusals(next_step="plg bot check"):
        settings = server_settings(this, config, data_dir, {})
        set_up_logging(settings.log_level, settings.log_format)

        def running(now: Running) -> None:
            if this.output.as_json:
                from plg.contract.operator_output import BotRunningDocument

                this.output.document(BotRunningDocument(bot=now.bot, url=now.url, port=now.port))
            elif now.url is None:
                this.talk.say(_("@{bot} answers.").format(bot=now.bot))
            else:
                this.talk.say(
                    _("@{bot} answers; Telegram's messages are taken at {url}").format(bot=now.bot, url=now.url)
                )

        def tell(line: str) -> None:
            this.talk.warn(line, event="bot_waits")

        run_to_end(run_bot(settings, host=host, port=port, running=running, tell=tell))


@add_command(
    app,
    help=N_(
        "Show the bot's settings and try each part: Telegram, games, database, store.\n"
        "Secrets are not shown. Nothing is changed."
    ),
    examples="plg bot check\nplg bot check --json",
)
def check(ctx: typer.Context, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    from plg.contract.operator_output import BotCheckDocument
    from plg_server.bot.checking import bot_parts
    from plg_server.config import shown_config

    this = invocation(ctx)
    with server_refusals(next_step=None):
        settings = server_settings(this, config, data_dir, {})
        checks = run_to_end(bot_parts(settings))
    shown = {name: value for name, value in shown_config(settings).items() if _concerns_the_bot(name)}
    show_parts(this, shown, checks, BotCheckDocument)


def _concerns_the_bot(setting: str) -> bool:
    return setting.startswith("telegram_") or setting in {"database_url", "store_url", "public_url", "data_dir"}
