"""One process's packets: the forwarder with its real sockets, clock and timer."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Final

from plg.contract.relay_control import RegisterSessionRequest, RelayFlow, RelaySessionInfo, RelayTransitInfo
from plg.protocol.errors import CloseReason, DropReason
from plg.protocol.mask import HeaderMask
from plg.protocol.relay_handshake import RelayHandshake, Source
from plg_relay.admission import AdmissionLimits
from plg_relay.config import RelayConfig
from plg_relay.datagram_io import datagram_io
from plg_relay.flow_desk import FlowLimits
from plg_relay.forwarder import Forwarder
from plg_relay.game_ports import GamePorts
from plg_relay.game_sockets import GameSockets
from plg_relay.keeper_claims import GameClaims
from plg_relay.loop_lag import LoopLag
from plg_relay.masked_io import ClientIo, MaskedIo
from plg_relay.plane import PlaneStatus
from plg_relay.plane_identity import PlaneIdentity
from plg_relay.policy import Policy
from plg_relay.rules import compile_rules
from plg_relay.session_table import Flow, Session, SocketGroup
from plg_relay.transit_desk import TransitLimits
from plg_relay.transit_table import Binding

TICK_S: Final = 0.05
"""Addresses on trial are asked again after 333 ms; expiry looks once a second."""

STALE: Final = "stale_after_restart"
"""Reason of the drop of what game servers sent while the relay was starting again."""


class DataPlane:
    """Implements Plane in this process. Made, started and closed by its owner; needs a running loop."""

    workers = 1

    def __init__(
        self,
        config: RelayConfig,
        identity: PlaneIdentity,
        policy: Policy,
        front: socket.socket,
        on_unknown_profile: Callable[[], None],
        *,
        share: int = 1,
        claims: GameClaims | None = None,
    ) -> None:
        """`share`: in how many processes the relay's global limits are divided. `claims`: a keeper's side of the game sockets."""
        self._loop = asyncio.get_running_loop()
        self._front = front
        self._io = datagram_io()
        self._client_io: ClientIo = self._io
        if identity.mask_key is not None:
            self._client_io = MaskedIo(self._io, HeaderMask(identity.mask_key), self._count_unmaskable)
        self._config = config
        self._identity = identity
        self._lag = LoopLag(self._loop)
        self._tick: asyncio.TimerHandle | None = None
        self._drain_end: asyncio.TimerHandle | None = None
        self._late_copies: asyncio.TimerHandle | None = None
        now_s = time.monotonic()
        ports = GamePorts(config.game_ports_first, config.game_ports_last, identity.boot_parity, now_s)
        self._game_sockets = GameSockets(
            self._loop,
            ports,
            self._game_readable,
            bind_ipv4=config.game_bind_ipv4,
            bind_ipv6=config.game_bind_ipv6,
            claims=claims,
        )
        self._claims = claims
        rules = compile_rules(policy, identity.own_networks, allow_private=config.allow_private)
        self.forwarder = Forwarder(
            handshake=RelayHandshake(identity.relay_id, rules.ticket_keys, identity.boot_id, os.urandom),
            rules=rules,
            admission=AdmissionLimits(
                config.hellos_per_address_per_second,
                config.hellos_per_address_burst,
                max(1.0, config.hellos_per_second / share),
            ),
            flows=FlowLimits(
                config.flow_opens_per_second,
                config.flow_opens_burst,
                max(1.0, config.destination_packets_per_second / share),
                config.flow_idle_s,
                config.group_idle_s,
                config.allow_private,
                identity.own_addresses,
                identity.own_ports,
            ),
            max_sessions=max(1, config.max_sessions // share),
            sessions_per_address=config.sessions_per_address,
            session_idle_s=config.session_idle_s,
            send_client=self._send_client,
            game_side=self._game_sockets,
            entropy=os.urandom,
            unix_offset_s=unix_offset_s,
            on_unknown_profile=on_unknown_profile,
            now_s=now_s,
            transit=self._transit_limits(share),
        )

    def _transit_limits(self, share: int) -> TransitLimits | None:
        if not self._config.forwards:
            return None
        return TransitLimits(
            max(1, self._config.max_transits // share),
            self._config.sessions_per_address,
            ip_address(self._front.getsockname()[0]),
            self._identity.own_addresses,
            self._identity.own_ports,
        )

    def start(self) -> None:
        """Take packets from now on."""
        self._loop.add_reader(self._front.fileno(), self._front_readable)
        self._lag.start()
        self._schedule_tick()

    def close(self) -> None:
        """End every session (clients are told), close every socket but the front, which its owner closes."""
        self.forwarder.end_all(CloseReason.DRAINED, time.monotonic())
        self._loop.remove_reader(self._front.fileno())
        self._game_sockets.close_all()
        self._lag.stop()
        for timer in (self._tick, self._drain_end, self._late_copies):
            if timer is not None:
                timer.cancel()

    def _front_readable(self) -> None:
        self.forwarder.from_clients(self._client_io.receive_from(self._front), time.monotonic())

    def _game_readable(self, group: SocketGroup, opened: socket.socket, only: Flow | None) -> None:
        try:
            if only is not None:
                self.forwarder.from_game(only, self._io.receive(opened), time.monotonic())
            else:
                self.forwarder.from_anybody(group, self._io.receive_from(opened), time.monotonic())
        except OSError:  # the game's host said "port unreachable"
            self.forwarder.counters.drops[DropReason.SEND_ERROR] += 1
            self._game_sockets.watch_again(group, opened)
        if self._late_copies is None and self.forwarder.next_copy_s is not None:
            self._await_late_copies(self.forwarder.next_copy_s)

    def _await_late_copies(self, due_s: float) -> None:
        self._late_copies = self._loop.call_later(due_s - time.monotonic(), self._send_late_copies)

    def _send_late_copies(self) -> None:
        self._late_copies = None
        self.forwarder.send_late_copies(time.monotonic())
        if self.forwarder.next_copy_s is not None:
            self._await_late_copies(self.forwarder.next_copy_s)

    def _send_client(self, datagrams: list[bytes], address: Source) -> int:
        return self._client_io.send_all(self._front, datagrams, address)

    def _count_unmaskable(self, count: int) -> None:
        self.forwarder.counters.drops[DropReason.MALFORMED] += count

    def _schedule_tick(self) -> None:
        self._tick = self._loop.call_later(TICK_S, self._on_tick)

    def _on_tick(self) -> None:
        self._schedule_tick()
        self.forwarder.tick(time.monotonic())

    # --- Plane -------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Nothing to look after: the loop calls us."""
        await asyncio.Event().wait()

    async def status(self) -> PlaneStatus:
        return self.status_now()

    def status_now(self) -> PlaneStatus:
        """Counters and gauges of now."""
        forwarder, counters = self.forwarder, self.forwarder.counters
        drops = {reason.value: count for reason, count in counters.drops.items() if count}
        if self._claims is not None and self._claims.stale_datagrams:
            drops[STALE] = self._claims.stale_datagrams
        return PlaneStatus(
            sessions=len(forwarder.table),
            flows=forwarder.desk.flow_count,
            game_sockets=len(self._game_sockets),
            packets_up=counters.packets_up,
            packets_down=counters.packets_down,
            copies_down=counters.copies_down,
            bytes_up=counters.bytes_up,
            bytes_down=counters.bytes_down,
            handshakes=counters.handshakes,
            cookies_sent=counters.cookies_sent,
            probes_answered=counters.probes_answered,
            sessions_opened=counters.sessions_opened,
            sessions_closed=counters.sessions_closed,
            transits=len(forwarder.transits.table),
            transit_packets_up=counters.transit_packets_up,
            transit_packets_down=counters.transit_packets_down,
            transit_bytes_up=counters.transit_bytes_up,
            transit_bytes_down=counters.transit_bytes_down,
            transits_opened=counters.transits_opened,
            transits_closed=counters.transits_closed,
            drops=drops,
            flow_denials={reason.name.lower(): count for reason, count in counters.denials.items() if count},
            loop_lag_ms=self._lag.worst_ms,
            cpu_s=time.process_time(),
            draining=forwarder.draining,
        )

    async def sessions(self) -> list[RelaySessionInfo]:
        return self.sessions_now()

    def sessions_now(self) -> list[RelaySessionInfo]:
        """Every open session."""
        now_s = time.monotonic()
        return [session_info(session, now_s) for session in self.forwarder.table.by_cid.values()]

    async def transits(self) -> list[RelayTransitInfo]:
        return self.transits_now()

    def transits_now(self) -> list[RelayTransitInfo]:
        """Every session that is only forwarded."""
        now_s = time.monotonic()
        return [transit_info(binding, now_s) for binding in self.forwarder.transits.table.bindings()]

    async def register(self, request: RegisterSessionRequest) -> None:
        self.register_now(request)

    def register_now(self, request: RegisterSessionRequest) -> None:
        """Caps that the operator sets."""
        self.forwarder.override_caps(
            int(request.cid, 16),
            request.packets_per_second,
            request.kbit_per_second_up,
            request.kbit_per_second_down,
        )

    async def end_session(self, cid: int) -> bool:
        return self.end_session_now(cid)

    def end_session_now(self, cid: int) -> bool:
        """End one session, or our part in it as its transit; False when there was none."""
        session = self.forwarder.table.by_cid.get(cid)
        if session is None:
            return self.forwarder.transits.end_cid(cid)
        self.forwarder.end_session(session, CloseReason.REVOKED, time.monotonic())
        return True

    async def apply_policy(self, policy: Policy) -> None:
        self.apply_policy_now(policy)

    def apply_policy_now(self, policy: Policy) -> None:
        """Enforce from now on."""
        rules = compile_rules(policy, self._identity.own_networks, allow_private=self._config.allow_private)
        self.forwarder.apply_rules(rules, time.monotonic())

    async def drain(self, seconds: int) -> None:
        self.drain_now(seconds)

    def drain_now(self, seconds: int) -> None:
        """Refuse new sessions, tell the clients, end what is left after `seconds`."""
        self.forwarder.start_drain(seconds)
        if self._drain_end is not None:
            self._drain_end.cancel()
        self._drain_end = self._loop.call_later(seconds, self._end_drained)

    def _end_drained(self) -> None:
        self.forwarder.end_all(CloseReason.DRAINED, time.monotonic())


def unix_offset_s() -> float:
    """Unix time minus monotonic time by this machine's clocks."""
    return time.time() - time.monotonic()


def session_info(session: Session, now_s: float) -> RelaySessionInfo:
    """One row for the control API."""
    flows: Sequence[RelayFlow] = [
        RelayFlow(
            flow=flow.flow_id,
            destination=destination_text(flow.destination),
            local_port=flow.group.local_port,
            egress_port=flow.group.egress_port,
            packets_up=flow.packets_up,
            packets_down=flow.packets_down,
        )
        for flow in session.flows.values()
    ]
    ended_up, ended_down = session.packets_of_closed_flows
    ticket = session.protocol.ticket
    return RelaySessionInfo(
        cid=f"{session.cid:016x}",
        user_ref=f"{ticket.user_ref:016x}",
        profile_id=ticket.profile_id,
        client=destination_text(session.protocol.address),
        age_s=now_s - session.opened_at_s,
        idle_s=now_s - session.protocol.heard_at_s,
        packets_up=ended_up + sum(flow.packets_up for flow in flows),
        packets_down=ended_down + sum(flow.packets_down for flow in flows),
        bytes_up=session.bytes_up,
        bytes_down=session.bytes_down,
        flows=list(flows),
    )


def transit_info(binding: Binding, now_s: float) -> RelayTransitInfo:
    """One row for the control API."""
    return RelayTransitInfo(
        cid=f"{binding.cid:016x}",
        client=destination_text(binding.client),
        next_hop=destination_text(binding.next_hop),
        age_s=now_s - binding.opened_at_s,
        idle_s=now_s - binding.heard_at_s,
        packets_up=binding.packets_up,
        packets_down=binding.packets_down,
        bytes_up=binding.bytes_up,
        bytes_down=binding.bytes_down,
    )


def destination_text(address: Source) -> str:
    """HOST:PORT, IPv6 in brackets."""
    return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"
