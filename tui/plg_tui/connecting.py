"""Starts a tunnel by `plg connect --detach`: the same command that a person types, so the dashboard needs no rights of its own."""

import asyncio
import subprocess
from dataclasses import dataclass

from plg.cli.detaching import plg_command
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation
from plg.cli.language import spoken
from plg.cli.settings import ServerAddress


@dataclass(frozen=True, slots=True)
class ConnectWish:
    """What `plg connect` is to do; empty means as config.toml, or the command itself, decides."""

    game: str
    target: str = ""
    capture: str = ""
    force: bool = False
    mode: str = ""
    node: str = ""

    def words(self) -> list[str]:
        words = [f"--capture={self.capture}"] if self.capture else []
        words += [f"--mode={self.mode}"] if self.mode else []
        words += [f"--node={self.node}"] if self.node else []
        words += [f"--target={self.target}"] if self.target else []
        words += ["--force"] if self.force else []
        return [*words, "--", self.game]


@dataclass(frozen=True, slots=True)
class ConnectFailed:
    """Why it did not connect, in the command's own words."""

    exit_code: int
    text: str

    @property
    def needs_sign_in(self) -> bool:
        return self.exit_code == ExitCode.NOT_LOGGED_IN


async def connect_detached(invocation: Invocation, address: ServerAddress, wish: ConnectWish) -> ConnectFailed | None:
    """Until the tunnel is connected, or has failed. The tunnel belongs to nobody here."""
    flags = ["--detach", "--no-input", f"--lang={spoken()}", f"--server={address.url}"]
    process = await asyncio.create_subprocess_exec(
        *plg_command(),
        "connect",
        *flags,
        *wish.words(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=dict(invocation.environ),
    )
    _, said = await process.communicate()
    if process.returncode == 0:
        return None
    return ConnectFailed(process.returncode or 1, _last_words(said.decode(errors="replace")))


def _last_words(said: str) -> str:
    """The failure and its next step, without what was said on the way there."""
    lines = said.strip().splitlines()
    begin = max((place for place, line in enumerate(lines) if line.startswith("plg: ")), default=0)
    return "\n".join(line.removeprefix("plg: ") for line in lines[begin:])
