"""What the failures of `plg.api` mean to a person."""

from plg.api.errors import (
    NotSignedIn,
    NotSignedInReason,
    ServerMisbehaved,
    ServerRefused,
    ServerUnreachable,
    TokenFileCorrupt,
    TokenFileUnusable,
    UnreachableReason,
)
from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import N_, _
from plg.cli.refusals import explain

_WHY_UNREACHABLE = {
    UnreachableReason.REFUSED: N_("nothing listens there"),
    UnreachableReason.NAME_UNKNOWN: N_("its name is not known"),
    UnreachableReason.TIMED_OUT: N_("it does not answer in time"),
    UnreachableReason.TLS: N_("its certificate is not trusted"),
    UnreachableReason.BROKEN_OFF: N_("the connection was broken off"),
    UnreachableReason.NO_ROUTE: N_("there is no way to it from this network"),
    UnreachableReason.OTHER: N_("the connection failed"),
}

_WHY_NOT_SIGNED_IN = {
    NotSignedInReason.NEVER: N_("not logged in at {server}"),
    NotSignedInReason.ENDED: N_("the login at {server} is over"),
    NotSignedInReason.ENVIRONMENT: N_("{server} does not accept PLG_TOKEN"),
    NotSignedInReason.KEYRING: N_("the login at {server} is kept in the system's keyring, which does not answer here"),
}

_HOW_TO_SIGN_IN = {
    NotSignedInReason.NEVER: N_("run: plg login"),
    NotSignedInReason.ENDED: N_("run: plg login"),
    NotSignedInReason.ENVIRONMENT: N_("set PLG_TOKEN to a fresh token, or unset it and run: plg login"),
    NotSignedInReason.KEYRING: N_("unlock the keyring, or run: PLG_TOKEN_STORE=file plg login"),
}


def explain_api_error(error: BaseException) -> CliError:
    """Any exception of `plg.api.errors` as a line for a person."""
    match error:
        case ServerRefused():
            return explain(error)
        case ServerUnreachable():
            return CliError(
                _("cannot reach the server {server}: {why}").format(
                    server=error.server, why=_(_WHY_UNREACHABLE[error.reason])
                ),
                code="server_unreachable",
                exit_code=ExitCode.UNREACHABLE,
                next_step=_("check the network and the address (--server, PLG_SERVER)"),
            )
        case ServerMisbehaved():
            return CliError(
                _("{server} does not answer like a PLG server: {why}").format(
                    server=error.server, why=f"HTTP {error.status}, {error.reason}"
                ),
                code="server_misbehaved",
                exit_code=ExitCode.UNREACHABLE,
                next_step=_("check the address (--server, PLG_SERVER)"),
            )
        case NotSignedIn():
            return CliError(
                _(_WHY_NOT_SIGNED_IN[error.reason]).format(server=error.server),
                code="not_logged_in",
                exit_code=ExitCode.NOT_LOGGED_IN,
                next_step=_(_HOW_TO_SIGN_IN[error.reason]),
            )
        case TokenFileCorrupt():
            return CliError(
                _("the token file {path} is damaged; it was kept as {kept_as}").format(
                    path=error.path, kept_as=error.kept_as
                ),
                code="token_file_corrupt",
                exit_code=ExitCode.BAD_CONFIGURATION,
                next_step=_("run: plg login"),
            )
        case TokenFileUnusable():
            return CliError(
                _("cannot use the token file {path}: {why}").format(path=error.path, why=error.detail),
                code="token_file_unusable",
                exit_code=ExitCode.BAD_CONFIGURATION,
                next_step=_("check its owner, its rights and the space on the disk"),
            )
    return CliError(str(error), code="internal", exit_code=ExitCode.FAILURE)
