"""The exit in reserve: hand-shaken, kept alive, carrying nothing, so that a switch to it costs one trip and no hand-shake."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from plg.contract.sessions import SessionGrant, StandbyGrant
from plg.protocol.client_session import ClientSession
from plg.protocol.constants import PING_INTERVAL_IDLE_S
from plg.protocol.errors import CloseReason
from plg.protocol.events import (
    ClientEvent,
    Established,
    HandshakeRefused,
    HandshakeTimedOut,
    RelayLost,
    SessionClosed,
)
from plg.protocol.session_core import Entropy
from plg.tunnel.clock import Clock
from plg.tunnel.grants import BadGrant, standby_grant
from plg.tunnel.local_interfaces import LocalInterface
from plg.tunnel.relay_link import RelayLink
from plg.tunnel.session_opening import OpenPath
from plg.tunnel.tunnel_event import Happening, Notify, TunnelEvent

KEEPALIVE_S: Final = 15.0
"""Specification (multipath, egress switch). A relay forgets a session after 60 s of silence, most address translations after 30 s."""
RETRY_FIRST_S: Final = 2.0
RETRY_MAX_S: Final = 60.0
GIVE_UP_AFTER: Final = 3
"""Implementation. Tries in a row; then the server is asked whether it has another one."""

CONNECTING: Final = "connecting"
READY: Final = "ready"
LOST: Final = "lost"


Failing = Callable[[], None]


class StandbyExit:
    """At most one standby at a time. Use: `offer()` for every grant, `run()` until cancelled; `take()` when it becomes the exit."""

    def __init__(
        self,
        open_path: OpenPath,
        clock: Clock,
        entropy: Entropy,
        notify: Notify,
        *,
        interface: LocalInterface | None = None,
    ) -> None:
        self._open_path = open_path
        self._clock = clock
        self._entropy = entropy
        self._notify = notify
        self._interface = interface
        self._wanted: tuple[SessionGrant, float] | None = None
        self._changed = asyncio.Event()
        self._link: RelayLink | None = None
        self._link_cid = ""
        self._egress_epoch = 1
        self._next_try_s = float("-inf")
        self._pause_s = RETRY_FIRST_S
        self._failures = 0
        self.on_failing: Failing | None = None
        """Called when it has failed GIVE_UP_AFTER times in a row, and each time after as many more."""
        self.state = LOST

    @property
    def grant(self) -> StandbyGrant | None:
        """The standby that is wanted now; None when the server has none for us."""
        return self._wanted[0].standby if self._wanted is not None else None

    @property
    def is_ready(self) -> bool:
        """Whether a switch would carry at once."""
        return self.state == READY and self._link is not None and not self._link.is_over

    def heard_at_s(self) -> float | None:
        """When the standby last gave a sign of life; None while it has given none."""
        return self._link.heard_at_s() if self._link is not None and self.state == READY else None

    def probe(self) -> None:
        """Ask it for one."""
        if self.is_ready and self._link is not None:
            self._link.probe()

    def offer(self, grant: SessionGrant, unix_ms_offset: float, egress_epoch: int) -> None:
        """The newest grant. A newer ticket goes to the standby that is there; another standby, or none, replaces it."""
        self._wanted = (grant, unix_ms_offset)
        self._egress_epoch = egress_epoch
        standby = grant.standby
        if standby is not None and standby.cid == self._link_cid and self._link is not None and not self._link.is_over:
            self._link.renew_ticket(standby_grant(grant, standby).ticket)
            return
        self._let_go()
        self._next_try_s = float("-inf")
        self._changed.set()

    def take(self) -> tuple[StandbyGrant, RelayLink] | None:
        """The ready standby, which from now on is the caller's; None when there is none. No other one is opened until `offer`."""
        grant, link = self.grant, self._link
        if grant is None or link is None or not self.is_ready:
            return None
        self._link, self._link_cid, self._wanted, self.state = None, "", None, LOST
        link.session.replace_idle_ping_interval(PING_INTERVAL_IDLE_S, self._clock.time())
        return grant, link

    def forget(self) -> None:
        """No standby any more."""
        self._wanted = None
        self._let_go()

    async def run(self) -> None:
        """Open what is wanted, again and again when it fails, until cancelled."""
        while True:
            self._changed.clear()
            wait_s: float | None = None
            if self._wanted is not None and self._wanted[0].standby is not None and self._link is None:
                wait_s = self._next_try_s - self._clock.time()
                if wait_s <= 0:
                    await self._open(*self._wanted)
                    continue
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()

    def _failed(self) -> None:
        """Not at once again: a relay that refuses is not asked faster than it forgets."""
        self._let_go()
        self._next_try_s = self._clock.time() + self._pause_s
        self._pause_s = min(self._pause_s * 2, RETRY_MAX_S)
        self._changed.set()
        self._failures += 1
        if self._failures % GIVE_UP_AFTER == 0 and self.on_failing is not None:
            self.on_failing()

    async def _open(self, grant: SessionGrant, unix_ms_offset: float) -> None:
        standby = grant.standby
        if standby is None:
            return
        try:
            secrets = standby_grant(grant, standby)
            path = await self._open_path(standby.relay, self._interface)
        except (OSError, BadGrant):
            self._failed()
            return
        if self._wanted is None or self._wanted[0] is not grant:
            path.close()
            return
        session = ClientSession(
            secrets,
            entropy=self._entropy,
            unix_ms_offset=unix_ms_offset,
            idle_ping_interval_s=KEEPALIVE_S,
            egress_epoch=self._egress_epoch,
        )
        link = RelayLink(session, path, self._clock, lambda event: self._handle(link, event))
        self._link, self._link_cid, self.state = link, standby.cid, CONNECTING
        link.start()

    def _handle(self, link: RelayLink, event: ClientEvent) -> None:
        if link is not self._link:
            return
        name = self.grant.relay.name if self.grant is not None else ""
        match event:
            case Established():
                if self.state != READY:
                    self._notify(TunnelEvent(Happening.STANDBY_READY, {"name": name}))
                self.state = READY
                self._pause_s = RETRY_FIRST_S
                self._failures = 0
            case RelayLost() | HandshakeRefused() | HandshakeTimedOut() | SessionClosed():
                if self.state == READY:
                    self._notify(TunnelEvent(Happening.STANDBY_LOST, {"name": name}))
                self._failed()

    def _let_go(self) -> None:
        link, self._link, self._link_cid, self.state = self._link, None, "", LOST
        if link is not None:
            link.close(CloseReason.REPLACED)
