"""The tunnel as `plg watch` uses it: the command `plg connect --detach` as a person would give it, and the tunnel's own door."""

import json
import subprocess
from collections.abc import Sequence
from typing import Final

import msgspec

from plg.cli.detaching import plg_command
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation
from plg.cli.language import spoken
from plg.cli.watching import Refused, TunnelSilent
from plg.contract.cli_output import StatusDocument
from plg.tunnel import control_client
from plg.tunnel.control_protocol import ControlRequest, StopMode
from plg.tunnel.runtime_place import runtime_place

CONNECT_LIMIT_S: Final = 120.0
"""Implementation. Twice what `plg connect --detach` waits for its answer."""
MAX_WORDS: Final = 100_000


class LocalTunnel:
    """`options` go to `plg connect` as they are."""

    def __init__(self, run: Invocation, options: Sequence[str]) -> None:
        self._run = run
        self._options = list(options)
        self._place = runtime_place(run.environ)

    def status(self) -> StatusDocument | None:
        """As `plg status`. Raises TunnelSilent."""
        try:
            return control_client.ask_once(self._place, ControlRequest(ask="status")).status
        except control_client.NoTunnel:
            return None
        except control_client.TunnelSilent as error:
            raise TunnelSilent(str(error)) from error

    def connect(self, game: str) -> StatusDocument | Refused:
        flags = ["--json", "--no-input", f"--lang={spoken()}"]
        argv = [*plg_command(), "connect", *flags, "--detach", *self._options, "--", game]
        try:
            done = subprocess.run(  # noqa: S603 - this very program
                argv,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=dict(self._run.environ),
                timeout=CONNECT_LIMIT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Refused(ExitCode.FAILURE, "cannot_start", str(error))
        if done.returncode != ExitCode.OK:
            return read_refusal(done.returncode, done.stderr[-MAX_WORDS:])
        try:
            return msgspec.json.decode(done.stdout.splitlines()[-1], type=StatusDocument)
        except (msgspec.DecodeError, UnicodeDecodeError, IndexError):
            # It is up but slow to answer: its door says the rest.
            try:
                found = self.status()
            except TunnelSilent:
                found = None
            return found or Refused(ExitCode.FAILURE, "no_answer", "")

    def leave(self) -> bool:
        """Waits until no match is live."""
        return self._ask_to_leave(StopMode.WAIT)

    def leave_unless_live(self) -> bool:
        """At once; False when a match is live, which it does not break."""
        return self._ask_to_leave(StopMode.ASK)

    def broke_off(self) -> bool:
        return self._place.control_socket.exists() or self._place.control_port_file.exists()

    def _ask_to_leave(self, mode: StopMode) -> bool:
        timeout_s = None if mode is StopMode.WAIT else 30.0
        try:
            request = ControlRequest(ask="disconnect", mode=mode)
            for answer in control_client.ask_tunnel(self._place, request, timeout_s=timeout_s):
                if answer.disconnected is not None:
                    return True
                if answer.live_flows:
                    return False
        except control_client.NoTunnel:
            return True
        except control_client.TunnelSilent:
            return False
        return False


def read_refusal(exit_code: int, said: bytes) -> Refused:
    """The error among what `plg connect --json` said on stderr."""
    for line in reversed(said.decode(errors="replace").splitlines()):
        try:
            error = json.loads(line)["error"]
            step = error.get("next_step")
            return Refused(exit_code, str(error["code"]), str(error["message"]), None if step is None else str(step))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
    return Refused(exit_code, "failed", said.decode(errors="replace").strip()[-300:])
