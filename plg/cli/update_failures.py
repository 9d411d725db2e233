"""What a person reads when a new version is not installed."""

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import N_, _
from plg.release.errors import (
    AnotherUpdate,
    BadKey,
    CannotSwap,
    CannotWrite,
    IndexUnreachable,
    MemoryDamaged,
    NothingToGoBackTo,
    NotTrusted,
    ReleaseError,
    TooLarge,
    UnsafeAddress,
    Untrusted,
)

_UNTRUSTED = {
    Untrusted.NOT_AN_INDEX: N_("what came is no release index"),
    Untrusted.BAD_SIGNATURE: N_("the release index is not signed by a key that is trusted here"),
    Untrusted.EXPIRED: N_("the release index is out of date ({detail})"),
    Untrusted.FROM_THE_FUTURE: N_("the release index says it was published later than now ({detail})"),
    Untrusted.OLDER_INDEX: N_("the release index is older than one that was seen already ({detail})"),
    Untrusted.TWO_INDEXES: N_("two different release indexes have the same number ({detail})"),
    Untrusted.OTHER_CHANNEL: N_("the release index is for another channel: {detail}"),
    Untrusted.WRONG_SIZE: N_("{detail} has not the size that was signed"),
    Untrusted.WRONG_CONTENT: N_("{detail} is not what was signed"),
    Untrusted.UNSAFE_ARCHIVE: N_("the archive holds what no release holds: {detail}"),
    Untrusted.DOES_NOT_START: N_("the new version does not start as it should: {detail}"),
}
_CLOCK = frozenset({Untrusted.EXPIRED, Untrusted.FROM_THE_FUTURE})


def explain_release_error(error: ReleaseError) -> CliError:
    """Any failure of `plg.release` as one line, a next step and an exit code."""
    match error:
        case NotTrusted():
            step = _("check this machine's clock; if it is right, the server is offering old releases")
            return CliError(
                _(_UNTRUSTED[error.kind]).format(detail=error.detail),
                code=f"update_{error.kind}",
                exit_code=ExitCode.UPDATE_REFUSED,
                next_step=step
                if error.kind in _CLOCK
                else _("nothing was changed; tell those who publish the releases"),
            )
        case TooLarge():
            return CliError(
                _("the release index is larger than {limit} bytes").format(limit=error.limit_bytes),
                code="update_too_large",
                exit_code=ExitCode.UPDATE_REFUSED,
                next_step=_("nothing was changed; check the address"),
            )
        case UnsafeAddress():
            return CliError(
                _("{address}: releases are fetched over https only").format(address=error.address),
                code="update_unsafe_address",
                exit_code=ExitCode.UPDATE_REFUSED,
                next_step=_("nothing was changed; check the address"),
            )
        case IndexUnreachable():
            return CliError(
                _("cannot fetch {address}: {why}").format(address=error.address, why=error.why),
                code="update_unreachable",
                exit_code=ExitCode.UNREACHABLE,
                next_step=_("try again; what came already is kept"),
            )
        case BadKey():
            return CliError(
                _("'{key}' is no ed25519 public key in base64").format(key=error.text),
                code="bad_setting",
                exit_code=ExitCode.BAD_CONFIGURATION,
                next_step=_("check --key, PLG_UPDATE_KEYS or update_keys"),
            )
        case MemoryDamaged():
            return CliError(
                _("{path} is damaged: it remembers the newest release index").format(path=error.path),
                code="update_memory_damaged",
                exit_code=ExitCode.BAD_CONFIGURATION,
                next_step=_("move the file away; the next release index is then taken as the first"),
            )
        case AnotherUpdate():
            return CliError(
                _("another plg update is at work"),
                code="update_busy",
                exit_code=ExitCode.BUSY,
                next_step=_("wait until it is done"),
            )
        case NothingToGoBackTo():
            return CliError(
                _("no previous version is kept"),
                code="update_no_previous",
                exit_code=ExitCode.NOT_FOUND,
                next_step=None,
            )
        case CannotSwap():
            return CliError(
                _("this file system cannot exchange two versions in one step: {why}").format(why=error.why),
                code="update_cannot_swap",
                exit_code=ExitCode.FAILURE,
                next_step=_("nothing was changed; put the new version there by hand"),
            )
        case CannotWrite():
            return _cannot_write(error)
    return CliError(str(error), code="update_failed", exit_code=ExitCode.FAILURE, next_step=None)


def _cannot_write(error: CannotWrite) -> CliError:
    if error.is_full:
        exit_code, code, step = ExitCode.FAILURE, "disk_full", _("nothing was changed; make room and try again")
    elif error.is_forbidden:
        exit_code, code, step = ExitCode.NEEDS_PRIVILEGES, "update_forbidden", _("run it as the owner of that folder")
    else:
        exit_code, code, step = ExitCode.FAILURE, "update_cannot_write", _("nothing was changed; check the disk")
    return CliError(
        _("cannot write {path}: {why}").format(path=error.path, why=error.why),
        code=code,
        exit_code=exit_code,
        next_step=step,
    )
