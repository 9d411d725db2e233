"""The real relay, without its sockets, as a host of the simulated network: every rule of `plg_relay.forwarder` in fake time."""

from base64 import b64encode
from collections.abc import Mapping
from ipaddress import ip_address
from random import Random

import msgspec

from plg.contract.relay_control import ProfileAcl, ProfileRule, TicketKey
from plg.lab.simulation.event_heap import EventHeap
from plg.lab.simulation.network import Network
from plg.lab.simulation.world import EXIT, GAME, STANDBY
from plg.protocol.relay_handshake import RelayHandshake, Source
from plg.protocol.relay_session import RelaySession
from plg_relay.admission import AdmissionLimits
from plg_relay.flow_desk import FlowLimits
from plg_relay.forwarder import Forwarder
from plg_relay.policy import NextHop, Policy
from plg_relay.rules import compile_rules
from plg_relay.session_table import Flow, SocketGroup
from plg_relay.transit_desk import TransitLimits

KEY_ID = 1
TICK_S = 0.05
"""As the relay's own loop."""
PORTS_PER_BOOT = 500


class GamePorts:
    """Game-facing sockets as numbers. With a keeper a killed process leaves them open, and the next one gets them by name."""

    def __init__(self, host: "ForwarderHost") -> None:
        self._host = host
        self.by_port: dict[int, SocketGroup] = {}
        self._next_port = 40_000

    def new_boot(self) -> None:
        self.by_port = {}
        self._next_port = self._next_port - self._next_port % PORTS_PER_BOOT + PORTS_PER_BOOT

    def open(self, group: SocketGroup, wanted_port: int | None, now_s: float) -> bool:
        port = wanted_port
        if port is None or port in self.by_port:
            port = self._next_port
            self._next_port += 1
        group.egress_port = port
        self.by_port[port] = group
        return True

    def attach(self, flow: Flow) -> bool:
        def send(payload: bytes, destination: Source = GAME) -> int:
            self._host.network.send(payload, (self._host.address[0], flow.group.egress_port), flow.destination)
            return len(payload)

        flow.send = send
        return True

    def detach(self, flow: Flow) -> None:
        del flow.send

    def close(self, group: SocketGroup) -> None:
        self.by_port.pop(group.egress_port, None)


class ForwarderHost:
    """See `plg.lab.simulation.world.RelayHost`."""

    def __init__(
        self,
        heap: EventHeap,
        network: Network,
        address: Source,
        *,
        relay_id: int,
        ticket_key: bytes,
        unix_s: float,
        seed: int,
    ) -> None:
        self.heap = heap
        self.network = network
        self.address = address
        self.relay_id = relay_id
        self.ticket_key = ticket_key
        self.keeps_ports = True  # resume tokens do it here: the game side gives a wanted port whenever it is free
        self._unix_s = unix_s
        self._random = Random(seed)
        self._ports = GamePorts(self)
        self._policy = self._first_policy()
        self.forwarder: Forwarder | None = None
        self._copies_at_s: float | None = None
        network.attach(address[0], self)
        self.start()
        heap.at(heap.now + TICK_S, self._tick)

    def _first_policy(self) -> Policy:
        rule = ProfileRule(cidrs=[f"{GAME[0]}/32"], ports=["1024-65535"])
        return Policy(
            ticket_keys=[TicketKey(key_id=KEY_ID, key=b64encode(self.ticket_key).decode())],
            profiles_etag="e",
            profiles=[ProfileAcl(profile_id=1, revision=1, slug="game", rules=[rule])],
            next_hops=[NextHop(*hop) for hop in (EXIT, STANDBY) if hop != self.address],
        )

    @property
    def sessions(self) -> Mapping[int, RelaySession]:
        if self.forwarder is None:
            return {}
        return {cid: session.protocol for cid, session in self.forwarder.table.by_cid.items()}

    # --- the process -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        rules = compile_rules(self._policy, (), allow_private=False)
        entropy = self._random.randbytes
        self._ports.new_boot()
        own = ip_address(self.address[0])
        self.forwarder = Forwarder(
            handshake=RelayHandshake(self.relay_id, rules.ticket_keys, entropy(8), entropy),
            rules=rules,
            admission=AdmissionLimits(100, 100, 1000),
            flows=FlowLimits(100, 100, 5000, 180.0, 180.0, False, frozenset({own}), frozenset({self.address[1]})),
            max_sessions=100,
            sessions_per_address=8,
            session_idle_s=60.0,
            send_client=self._send_client,
            game_side=self._ports,
            entropy=entropy,
            unix_offset_s=lambda: self._unix_s,
            on_unknown_profile=lambda: None,
            now_s=self.heap.now,
            transit=TransitLimits(100, 8, ip_address("0.0.0.0"), frozenset({own}), frozenset({self.address[1]})),
        )

    def stop(self) -> None:
        self.forwarder = None

    def vanish(self) -> None:
        self.forwarder = None
        self.network.attach(self.address[0], None)

    def drain(self, seconds: int) -> None:
        if self.forwarder is not None:
            self.forwarder.start_drain(seconds)

    def revoke(self, cid: int) -> None:
        self._policy = msgspec.structs.replace(self._policy, revoked_cids=[*self._policy.revoked_cids, f"{cid:016x}"])
        if self.forwarder is not None:
            self.forwarder.apply_rules(compile_rules(self._policy, (), allow_private=False), self.heap.now)

    # --- datagrams ---------------------------------------------------------------------------------------------------

    def _send_client(self, datagrams: list[bytes], target: Source) -> int:
        for datagram in datagrams:
            self.network.send(datagram, self.address, target)
        return len(datagrams)

    def receive(self, datagram: bytes, source: Source, target: Source) -> None:
        forwarder = self.forwarder
        if forwarder is None:
            return
        if target[1] == self.address[1]:
            forwarder.from_clients([(datagram, source)], self.heap.now)
        else:
            group = self._ports.by_port.get(target[1])
            if group is not None:
                forwarder.from_anybody(group, [(datagram, source)], self.heap.now)
        self._arm_copies(forwarder)

    def _arm_copies(self, forwarder: Forwarder) -> None:
        due_s = forwarder.next_copy_s
        if due_s is not None and (self._copies_at_s is None or due_s < self._copies_at_s):
            self._copies_at_s = due_s
            self.heap.at(due_s, self._send_copies)

    def _send_copies(self) -> None:
        self._copies_at_s = None
        if self.forwarder is not None:
            self.forwarder.send_late_copies(self.heap.now)
            self._arm_copies(self.forwarder)

    def _tick(self) -> None:
        if self.forwarder is not None:
            self.forwarder.tick(self.heap.now)
            self._arm_copies(self.forwarder)
        self.heap.at(self.heap.now + TICK_S, self._tick)
