"""One run of `plg`: what was asked for globally, and the tools that a command's body uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plg.cli.language import _
from plg.cli.output import Output
from plg.cli.settings import ServerAddress, Settings
from plg.cli.talk import Talk

if TYPE_CHECKING:
    from typer._click.core import Context


@dataclass(frozen=True, slots=True)
class GlobalFlags:
    """The options that stand anywhere on the command line."""

    as_json: bool = False
    debug: bool = False
    no_input: bool = False
    lang: str | None = None


class Invocation:
    """Hands a command its settings, its output and its talk; made once by `plg.cli.root`."""

    def __init__(self, flags: GlobalFlags, environ: Mapping[str, str]) -> None:
        self.flags = flags
        self.environ = environ
        self.settings = Settings(environ)
        self.output = Output(as_json=flags.as_json, environ=environ)
        self.talk = Talk(as_json=flags.as_json, no_input=flags.no_input)

    def server(self, flag: str | None) -> ServerAddress:
        """The server to talk to, with a warning when what is said to it can be overheard."""
        address = self.settings.server(flag)
        if not address.is_encrypted and not address.is_loopback:
            self.talk.warn(
                _("{server} is not encrypted: passwords and tokens can be read on the way; use https").format(
                    server=address.url
                ),
                event="plain_http",
            )
        return address


def invocation(ctx: "Context") -> Invocation:
    """The invocation that a command's context belongs to."""
    found = ctx.find_root().obj
    if not isinstance(found, Invocation):
        raise TypeError("a command of plg runs under plg.cli.root only")
    return found
