"""`plg admin reset-password`: for somebody who is locked out, on the server's own machine."""

from typing import Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _, ngettext
from plg.cli.options import PasswordStdinOption
from plg.cli.server import ConfigOption, DataDirOption

app = command_app()


@add_command(
    app,
    help=N_(
        "Give an account a new password, on the server's own machine.\n"
        "It works on the database of the server's configuration, also while the server runs. The account is signed out everywhere."
    ),
    examples="plg admin reset-password boss@example.org --data-dir DIR\nplg admin reset-password boss@example.org --second-factor-off --password-stdin < FILE",
)
def reset_password(
    ctx: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help=N_("The account."))],
    password_stdin: PasswordStdinOption = False,
    second_factor_off: Annotated[
        bool, typer.Option("--second-factor-off", help=N_("Also forget the second factor and its recovery codes."))
    ] = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    from plg.cli.server import new_password, run_to_end, server_refusals, server_settings, told_without_server

    with told_without_server("admin reset-password"):
        from plg_server.operator_accounts import require_account
        from plg_server.operator_accounts import reset_password as reset

    run = invocation(ctx)
    with server_refusals():
        settings = server_settings(run, config, data_dir, {})
        run_to_end(require_account(settings, email))
        password = new_password(run, from_stdin=password_stdin)
        done = run_to_end(reset(settings, email, password, second_factor_off=second_factor_off))
    if run.output.as_json:
        from plg.contract.operator_output import PasswordResetDocument

        run.output.document(
            PasswordResetDocument(
                email=done.email,
                sign_ins_ended=done.sign_ins_ended,
                tokens_revoked=done.tokens_revoked,
                second_factor_removed=done.second_factor_removed,
            )
        )
        return
    run.output.line(_("{email} has a new password.").format(email=done.email))
    ended = ngettext("{n} sign-in ended", "{n} sign-ins ended", done.sign_ins_ended).format(n=done.sign_ins_ended)
    run.talk.say(ended)
    if done.has_second_factor and not done.second_factor_removed:
        run.talk.say(_("The second factor is still on; to forget it too: --second-factor-off"))
