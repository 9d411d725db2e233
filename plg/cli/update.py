"""`plg update`: a newer version from a signed release index, put in the place of this one whole or not at all."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _

if TYPE_CHECKING:
    from collections.abc import Callable

    from plg.contract.cli_output_update import UpdateDocument
    from plg.release.index_check import CheckedIndex, Choice, Offer
    from plg.release.installation import Installation
    from plg.release.seen_indexes import SeenIndexes

app = command_app()

MEMORY_NAME = "updates.json"
"""In the configuration directory: which release index was the newest."""
DEFAULT_CHANNEL = "stable"
TUNNEL_POLL_S = 1.0
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """Where releases come from, and whose signature is believed (base64)."""

    index: str
    keys: tuple[str, ...]
    channel: str


@add_command(
    app,
    help=N_(
        "Install a newer version.\nOnly what is signed by a trusted key is installed; the version before is kept for --rollback."
    ),
    examples="plg update --check\nplg update\nplg update --rollback",
)
def update(
    ctx: typer.Context,
    check: Annotated[bool, typer.Option("--check", help=N_("Only say whether there is a newer version."))] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help=N_("Do not ask; wait for the end of a running tunnel."))
    ] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help=N_("Go back to the version before."))] = False,
    channel: Annotated[
        str | None, typer.Option("--channel", metavar="NAME", help=N_("Which releases: stable, unless told otherwise."))
    ] = None,
    index: Annotated[
        str | None, typer.Option("--index", metavar="URL", help=N_("The release index, https (PLG_UPDATE_INDEX)."))
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key", metavar="BASE64", help=N_("Trust this ed25519 public key (PLG_UPDATE_KEYS); may be repeated.")
        ),
    ] = None,
) -> None:
    from plg.cli.update_failures import explain_release_error
    from plg.release.errors import ReleaseError
    from plg.release.installation import this_installation

    run, installation = invocation(ctx), this_installation()
    try:
        if rollback:
            go_back_to_previous(run, installation, yes=yes)
        elif check:
            show_check(run, installation, release_source(run, index, key, channel))
        else:
            install_newer(run, installation, lambda: release_source(run, index, key, channel), yes=yes)
    except ReleaseError as error:
        raise explain_release_error(error) from error


def release_source(run: Invocation, index: str | None, keys: list[str] | None, channel: str | None) -> Source:
    """From the flags, the environment, config.toml, this version's own keys. Raises CliError when updates are not set up."""
    from plg.release.trusted_keys import published_keys

    address = index or run.settings.text("update_index")
    named = run.settings.found("update_keys")
    trusted = tuple(keys or ()) or (tuple(named.value) if named is not None and isinstance(named.value, list) else ())
    trusted = trusted or published_keys()
    missing = [] if address else [_("no release index is named")]
    missing += [] if trusted else [_("no key is trusted")]
    if not address or not trusted:
        raise CliError(
            _("updates are not set up: {what}").format(what=", ".join(missing)),
            code="updates_not_set_up",
            exit_code=ExitCode.BAD_CONFIGURATION,
            next_step=_("set update_index and update_keys in config.toml, or give --index and --key"),
        )
    return Source(address, trusted, channel or run.settings.text("update_channel") or DEFAULT_CHANNEL)


def memory(run: Invocation) -> "SeenIndexes":
    """What was seen of release indexes."""
    from plg.release.seen_indexes import SeenIndexes

    return SeenIndexes(run.settings.directory / MEMORY_NAME)


def look(run: Invocation, installation: "Installation", source: Source) -> "tuple[CheckedIndex, Choice]":
    """Fetch, check and remember the index. Raises ReleaseError."""
    import asyncio
    import time

    from plg import __version__
    from plg.release.download import fetch_index, safe_address
    from plg.release.index_check import check_index, choose
    from plg.release.installation import Form, platform_name
    from plg.release.seen_indexes import SeenIndex
    from plg.release.trusted_keys import read_keys

    keys, seen = read_keys(source.keys), memory(run)
    content = asyncio.run(fetch_index(safe_address(source.index)))
    now_s = time.time()
    checked = check_index(content, keys, channel=source.channel, seen=seen.read(source.channel), now_s=now_s)
    # Python's own installation has no file of its own in an index: whether there is a newer version, any form tells.
    form = Form.SINGLE if installation.form is Form.PIP else installation.form
    choice = choose(checked.index, current=__version__, platform=platform_name(), form=form)
    offered = None if choice.offer is None else choice.offer.release.version
    seen.remember(
        source.channel,
        SeenIndex(sequence=checked.index.sequence, sha256=checked.sha256, looked_at_s=now_s, newest_version=offered),
    )
    return checked, choice


def show_check(run: Invocation, installation: "Installation", source: Source) -> None:
    """Say what there is; change nothing."""
    from plg import __version__
    from plg.release.installation import Form

    checked, choice = look(run, installation, source)
    if run.output.as_json:
        run.output.document(document(installation, "none", __version__, checked=checked, choice=choice))
        return
    run.output.line(summary(choice))
    if choice.offer is not None and installation.form is Form.PIP:
        run.talk.say(_("run: {command}").format(command=pip_command()))


def summary(choice: "Choice") -> str:
    """One line about what there is."""
    from plg import __version__
    from plg.release.version_order import version_key

    if choice.offer is not None:
        size = f"{choice.offer.file.size / MEGABYTE:.1f}"
        return _("{new} is available ({size} MB); this is {old}").format(
            new=choice.offer.release.version, size=size, old=__version__
        )
    if choice.newest is None:
        return _("no release is for this platform and this kind of installation; this is {old}").format(old=__version__)
    if version_key(choice.newest) > version_key(__version__):
        return _("{new} is available, but {old} is too old to step to it: install it anew").format(
            new=choice.newest, old=__version__
        )
    return _("{old} is the newest version").format(old=__version__)


def install_newer(
    run: Invocation, installation: "Installation", find_source: "Callable[[], Source]", *, yes: bool
) -> None:
    """The whole way from the index to the swap. Raises CliError, ReleaseError."""
    from plg import __version__
    from plg.release.installation import Form

    if installation.form is Form.PIP:
        raise looked_after_by_pip()
    source = find_source()
    checked, choice = look(run, installation, source)
    offer = choice.offer
    if offer is None:
        if run.output.as_json:
            run.output.document(document(installation, "none", __version__, checked=checked, choice=choice))
        else:
            run.output.line(summary(choice))
        return
    run.talk.say(summary(choice))
    must_be_idle(run, wait=yes)
    if not yes and run.talk.ask(_("Install it? [y/N] "), instead="--yes").lower() not in {"y", "yes", "д", "да"}:
        raise CliError(_("nothing was changed"), code="declined", exit_code=ExitCode.FAILURE)
    fetch_and_swap(run, installation, source, checked, choice, offer, wait=yes)


def fetch_and_swap(
    run: Invocation,
    installation: "Installation",
    source: Source,
    checked: "CheckedIndex",
    choice: "Choice",
    offer: "Offer",
    *,
    wait: bool,
) -> None:
    """Download, check, prepare, swap. Raises ReleaseError."""
    import asyncio

    from plg.cli.output import encode_document
    from plg.release.download import fetch_file
    from plg.release.installation import Form
    from plg.release.installer import start_installer
    from plg.release.swap import discard, prepare, put_in_place, staging

    version = offer.release.version
    is_installer = installation.form is Form.INSTALLER
    done = document(
        installation, "installer_started" if is_installer else "installed", version, checked=checked, choice=choice
    )
    line = _("{new} is installed; the version before is kept: plg update --rollback").format(new=version)
    with staging(installation, offer.file.size) as folder:
        archive = asyncio.run(fetch_file(source.index, offer.file, folder, lambda _have, _all: None))
        if is_installer:
            must_be_idle(run, wait=wait)
            line = _("the installer of {new} has been started").format(new=version)
            start_installer(archive)
        else:
            ready = prepare(installation, archive, folder, version, _no_word)
            must_be_idle(run, wait=wait)
            encode_document(done)  # loads what printing needs: after the swap this program's own file is another one
            put_in_place(installation, ready, _no_word)
            discard(folder)
    if run.output.as_json:
        run.output.document(done)
    else:
        run.output.line(line)


def go_back_to_previous(run: Invocation, installation: "Installation", *, yes: bool) -> None:
    """Exchange this version and the one before. Raises CliError, ReleaseError."""
    from plg.cli.output import encode_document
    from plg.release.errors import NothingToGoBackTo
    from plg.release.installation import Form
    from plg.release.swap import go_back, version_of

    if installation.form is Form.PIP:
        raise looked_after_by_pip()
    version = version_of(installation.program_in(installation.previous))
    if version is None:
        raise NothingToGoBackTo(str(installation.previous))
    must_be_idle(run, wait=yes)
    done = document(installation, "rolled_back", version)
    line = _("{version} is back; the version from just now is kept").format(version=version)
    encode_document(done)
    go_back(installation, _no_word)
    if run.output.as_json:
        run.output.document(done)
    else:
        run.output.line(line)


def must_be_idle(run: Invocation, *, wait: bool) -> None:
    """No tunnel of this person runs, or its end is waited for. Raises CliError."""
    import time

    from plg.tunnel.control_client import NoTunnel, TunnelSilent, ask_once
    from plg.tunnel.control_protocol import ControlRequest
    from plg.tunnel.runtime_place import runtime_place

    place, said = runtime_place(run.environ), False
    while True:
        try:
            ask_once(place, ControlRequest(ask="status"))
        except NoTunnel:
            return
        except TunnelSilent:
            pass  # there, but not talking: it is busy all the more
        if not wait:
            raise CliError(
                _("a tunnel is running: it is not exchanged under a match"),
                code="tunnel_running",
                exit_code=ExitCode.BUSY,
                next_step=_("end it with plg disconnect --wait, or give --yes to wait for its end"),
            )
        if not said:
            run.talk.say(_("Waiting for the end of the running tunnel."))
            said = True
        time.sleep(TUNNEL_POLL_S)


def looked_after_by_pip() -> CliError:
    """An installation that Python's own tools made."""
    return CliError(
        _("this plg was installed with pip, which also updates it"),
        code="installed_by_pip",
        exit_code=ExitCode.FAILURE,
        next_step=_("run: {command}").format(command=pip_command()),
    )


def pip_command() -> str:
    """What updates this installation: by the folder that it was installed from where that is known."""
    import json
    import shlex
    import sys
    from importlib.metadata import PackageNotFoundError, distribution
    from urllib.parse import unquote, urlsplit

    what = "plgames-booster"
    try:
        origin = json.loads(distribution(what).read_text("direct_url.json") or "{}")
        address = urlsplit(str(origin.get("url", "")))
    except (PackageNotFoundError, ValueError, AttributeError):
        address = urlsplit("")
    folder = Path(unquote(address.path)) if address.scheme == "file" else None
    if folder is not None and folder.is_dir():
        return shlex.join([sys.executable, "-m", "pip", "install", "--upgrade", str(folder)])
    return shlex.join([sys.executable, "-m", "pip", "install", "--upgrade", what])


def document(
    installation: "Installation",
    action: str,
    version: str,
    *,
    checked: "CheckedIndex | None" = None,
    choice: "Choice | None" = None,
) -> "UpdateDocument":
    """What happened, for programs."""
    from plg.contract.cli_output_update import UpdateDocument
    from plg.release.installation import Form, platform_name

    offer = None if choice is None else choice.offer
    return UpdateDocument(
        action=action,
        version=version,
        available=None if offer is None else offer.release.version,
        newest=None if choice is None else choice.newest,
        form=installation.form,
        platform=platform_name(),
        channel=None if checked is None else checked.index.channel,
        sequence=None if checked is None else checked.index.sequence,
        expires_at=None if checked is None else checked.index.expires_at,
        size=None if offer is None else offer.file.size,
        command=pip_command() if installation.form is Form.PIP else None,
    )


def _no_word(_step: str) -> None:
    """Steps are not shown: together they take a second."""
