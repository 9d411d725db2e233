"""Watches the exit in use beside its standby, and says when to switch: the clockwork around `exit_switch`."""

from collections.abc import Callable
from typing import Final

from plg.contract.games import AddressChange
from plg.tunnel.clock import Clock, Timer
from plg.tunnel.exit_switch import ExitSwitch, SwitchState, hold_s
from plg.tunnel.relay_link import RelayLink
from plg.tunnel.standby_exit import StandbyExit
from plg.tunnel.tunnel_event import Happening, Notify, TunnelEvent

PLAYING_S: Final = 5.0
"""Specification (session pings): for so long after a payload paths are pinged four times a second."""

LastUse = Callable[[], float | None]
"""When a relayed flow last carried anything; None for never."""
Switch = Callable[[float], None]
"""Leave the exit now; it has been silent for so many seconds."""


class ExitWatch:
    """One exit's watch: from `start()` until it has switched once, or `stop()`."""

    def __init__(
        self,
        exit_link: RelayLink,
        standby: StandbyExit,
        address_change: AddressChange,
        last_use: LastUse,
        switch: Switch,
        clock: Clock,
        notify: Notify,
    ) -> None:
        self._exit = exit_link
        self._standby = standby
        self._last_use = last_use
        self._switch = switch
        self._clock = clock
        self._notify = notify
        self._rule = ExitSwitch(hold_s(address_change))
        self._timer: Timer | None = None

    @property
    def state(self) -> SwitchState:
        return self._rule.state

    def start(self) -> None:
        self._look()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        now, before = self._clock.time(), self._rule.state
        heard_at_s = self._exit.heard_at_s()
        last_use_s = self._last_use()
        found = self._rule.look(
            now,
            heard_at_s=heard_at_s,
            is_playing=last_use_s is not None and now - last_use_s < PLAYING_S,
            others_heard_at_s=self._standby.heard_at_s(),
            is_ready=self._standby.is_ready,
        )
        if self._rule.state is SwitchState.HOLDING and before is not SwitchState.HOLDING:
            self._notify(TunnelEvent(Happening.EXIT_SILENT, {"silent_ms": round((now - heard_at_s) * 1000)}))
        if found.next_look_s is not None:
            self._timer = self._clock.call_at(found.next_look_s, self._look)
        if found.ask:
            self._exit.probe()
            self._standby.probe()
        if found.switch:
            self._switch(now - heard_at_s)
