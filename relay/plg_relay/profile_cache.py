"""The last policy the server gave, on disk, so that a relay that restarts while the server is away still serves tickets."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from plg.contract.relay_control import TicketKey
from plg_relay.policy import Policy
from plg_relay.private_file import read_bounded, write_private

CACHE_FILE = "policy.json"
MAX_CACHE_BYTES = 64 * 1024 * 1024
"""Thousands of prefixes for hundreds of games are about 1 MB."""

log = logging.getLogger(__name__)


class PolicyStore:
    """Holds the policy in force, tells `on_change` of each new one, and keeps the file up to date.

    The file holds ticket keys: it is 0600. A damaged file is set aside with one warning, never a reason not to start.
    """

    def __init__(self, data_dir: Path, first_keys: list[TicketKey]) -> None:
        self._path = data_dir / CACHE_FILE
        self._saving = asyncio.Lock()
        self._listeners: list[Callable[[Policy], None]] = []
        self.policy = self._read() or Policy(ticket_keys=first_keys)

    def on_change(self, listener: Callable[[Policy], None]) -> None:
        """Call `listener` with each new policy from now on."""
        self._listeners.append(listener)

    async def replace(self, policy: Policy) -> None:
        """Put `policy` in force at once, then write it down. A full disk is logged; the policy holds all the same."""
        if policy is self.policy:
            return
        self.policy = policy
        for listener in self._listeners:
            listener(policy)
        async with self._saving:
            # The clock offset is a fact of this run only: the clock may be mended while we are down.
            content = msgspec.json.encode(msgspec.structs.replace(self.policy, clock_offset_ms=0))
            try:
                await asyncio.to_thread(write_private, self._path, content)
            except OSError as error:
                log.warning(
                    "cannot write %s (%s): a restart without the server would use older rules", self._path, error
                )

    def _read(self) -> Policy | None:
        try:
            return msgspec.json.decode(read_bounded(self._path, MAX_CACHE_BYTES), type=Policy)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            log.warning("%s is not usable (%s): starting from the identity's keys", self._path, error)
        try:
            self._path.replace(self._path.with_suffix(".damaged"))
        except OSError:
            log.warning("cannot set %s aside", self._path)
        return None
