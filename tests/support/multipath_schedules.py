"""Random schedules of everything that can happen to a session over several paths, in fake time, with the invariants of SPEC 10 and 4.1.

A schedule is data: a seed for the world and a list of steps, so that one that breaks something can be shortened and told.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from plg.lab.impairment import Impairment
from plg.lab.simulation.exit_model import ExitModel
from plg.lab.simulation.game import AddressPolicy, GameTraffic, steady
from plg.lab.simulation.lines import LineModel
from plg.lab.simulation.scenario import Act, Event, PathModel, Scenario
from plg.lab.simulation.world import EXIT, GAME, MakeRelay, World, transit_ip
from plg.protocol import packet_crypto
from plg.protocol.client_session import SessionState
from plg.protocol.constants import MAX_PATHS, TYPE_HELLO, TYPE_NO_SESSION
from plg.protocol.events import FlowAccepted, HandshakeRefused, HandshakeTimedOut, SessionClosed
from plg.protocol.header import Outer, parse_outer
from plg.protocol.keys import make_aead
from plg.protocol.redundancy import Redundancy, RedundancyMode
from plg.protocol.relay_handshake import Source
from support.forwarder_host import ForwarderHost

ATTACKER: Source = ("198.22.0.66", 666)
TICK_HZ = 32.0
HEAL_S = 14.0
"""Everything that is broken is mended; so long it may take until the match goes on: a hand-shake with fresh nonces every 4 s, three rounds."""
STEADY_S = 0.5
MAX_EVENTS_WAITING = 5_000
MAX_DELAYED = 512

Step = tuple[str, int, int]
"""What, and two numbers that say which and how long."""


class Broken(AssertionError):
    """An invariant does not hold; the text says which."""


class SealedOnce:
    """I4: a key and nonce seal one content only. Put in place of the AEAD of every sealer."""

    def __init__(self) -> None:
        self.seen: dict[tuple[bytes, bytes], bytes] = {}
        self._make = make_aead

    def make(self, suite: int, key: bytes) -> Any:
        return _WatchedAead(self, self._make(suite, key), key)


class _WatchedAead:
    def __init__(self, log: SealedOnce, aead: Any, key: bytes) -> None:
        self._log = log
        self._key = key
        self._aead = aead
        self.decrypt = aead.decrypt

    def encrypt(self, nonce: bytes, body: bytes, header: bytes) -> bytes:
        content = header + body
        if self._log.seen.setdefault((self._key, nonce), content) != content:
            raise Broken("I4: a nonce sealed two contents under one key")
        sealed: bytes = self._aead.encrypt(nonce, body, header)
        return sealed


class WeatherLine:
    """A line whose weather the schedule changes: loss, doubles and delays by chance, or nothing at all."""

    def __init__(self, delay_s: float, seed: int) -> None:
        self._delay_s = delay_s
        self._random = Random(seed)
        self.loss = self.double = self.spread_s = 0.0
        self.dead = False

    def deliveries(self, size_bytes: int, now_s: float) -> tuple[float, ...]:
        if self.dead or self._random.random() < self.loss:
            return ()
        due_s = now_s + self._delay_s + self._random.random() * self.spread_s
        if self._random.random() < self.double:
            return due_s, due_s + self._random.random() * 0.1
        return (due_s,)


WEATHERS: list[tuple[float, float, float]] = [
    (0.0, 0.0, 0.0),
    (0.3, 0.0, 0.0),
    (0.02, 0.0, 0.005),
    (0.0, 0.5, 0.1),
    (0.1, 0.2, 0.3),
    (0.6, 0.0, 0.02),
]
"""Loss, doubles, spread of delay in seconds."""

KINDS = {
    "play": 10,
    "weather": 6,
    "dead": 4,
    "alive": 4,
    "roam": 2,
    "port": 2,
    "kill": 2,
    "start": 4,
    "kill_transit": 2,
    "start_transit": 4,
    "drain": 1,
    "revoke": 1,
    "rekey": 3,
    "add": 2,
    "remove": 2,
    "mode": 4,
    "replay": 4,
    "forge": 3,
    "outage": 1,
    "switch": 1,
    "big": 2,
}
"""Kinds of steps and how often each comes."""


def random_steps(random: Random, count: int) -> list[Step]:
    kinds, weights = list(KINDS), list(KINDS.values())
    return [(kind, random.randrange(1000), random.randrange(1000)) for kind in random.choices(kinds, weights, k=count)]


@dataclass
class Match:
    """One world under a schedule."""

    seed: int
    make_relay: MakeRelay
    lines: dict[int, list[WeatherLine]] = field(default_factory=dict)
    sent: list[tuple[bytes, Source, Source]] = field(default_factory=list)
    to_attacker: int = 0
    from_attacker: int = 0
    may_end: bool = False
    """The schedule has done something after which the session may rightly be over."""
    hello_sources: set[Source] = field(default_factory=set)
    lost_ports: int = 0
    """How often the exit's process died before the client had the token of its port."""

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        redundancy = Redundancy(self.random.choice(list(RedundancyMode)), self.random.choice([1.0, 1.3, 2.5]))
        paths = []
        for path, transit in enumerate((None, "transit", None)):
            up, down = (WeatherLine(0.01 + 0.007 * path, self.seed * 8 + path * 2 + way) for way in (0, 1))
            self.lines[path] = [up, down]
            paths.append(PathModel(up=up, down=down, transit=transit, interface="lte0" if path == 2 else "wlan0"))
        has_standby = self.seed % 4 == 0
        near = LineModel(impairment=Impairment(delay_ms=12))
        scenario = Scenario(
            paths=tuple(paths),
            redundancy=redundancy,
            traffic=GameTraffic(address_policy=AddressPolicy.AGILE),
            standby=PathModel(up=near, down=near) if has_standby else None,
            hold_s=0.3,
            seed=self.seed,
        )
        self.world = World(scenario, self.make_relay)
        self.world.network.watch = self._watch
        self.hello_sources = {socket.local for socket in self.world.link.sockets.values()}
        self.world.start(steady(0.3, 1e9, TICK_HZ, 40), steady(0.3, 1e9, TICK_HZ, 60))

    def _watch(self, datagram: bytes, source: Source, target: Source) -> None:
        """I5 on every single datagram; and what an attacker gets out of the relays."""
        if source[0] == GAME[0] or target[0] == GAME[0]:
            return
        if len(self.sent) < 400:
            self.sent.append((datagram, source, target))
        elif self.random.random() < 0.1:
            self.sent[self.random.randrange(400)] = (datagram, source, target)
        if source[0] == transit_ip(1):
            outer = parse_outer(datagram)
            assert isinstance(outer, Outer)
            if target != EXIT and target not in self.hello_sources and outer.kind != TYPE_NO_SESSION:
                raise Broken(f"I5: the transit sent {len(datagram)} bytes to {target}")
        elif target[0] == transit_ip(1):
            outer = parse_outer(datagram)
            if isinstance(outer, Outer) and outer.kind == TYPE_HELLO:
                self.hello_sources.add(source)
        if target == ATTACKER:
            self.to_attacker += len(datagram)

    # --- steps -------------------------------------------------------------------------------------------------------

    def carry_out(self, step: Step) -> None:
        kind, which, amount = step
        getattr(self, f"_do_{kind}")(which, amount)
        self.check()

    def _pass(self, seconds: float) -> None:
        heap = self.world.heap
        heap.run_until(heap.now + seconds)

    def _do_play(self, which: int, amount: int) -> None:
        self._pass(0.02 + amount / 1000 * (1.0 if which % 8 == 0 else 0.2))

    def _line(self, which: int) -> WeatherLine:
        return self.lines[which % 3][which // 3 % 2]

    def _do_weather(self, which: int, amount: int) -> None:
        line = self._line(which)
        line.loss, line.double, line.spread_s = WEATHERS[amount % len(WEATHERS)]
        self._pass(0.1)

    def _do_dead(self, which: int, amount: int) -> None:
        self._line(which).dead = True
        self._pass(amount / 4000)

    def _do_alive(self, which: int, amount: int) -> None:
        for line in self.lines[which % 3]:
            line.dead = False
        self._pass(amount / 8000)

    def _do_roam(self, which: int, amount: int) -> None:
        self.world.happen(Event(0, Act.ROAM, "lte0" if which % 3 == 0 else "wlan0"))
        self._pass(amount / 8000)

    def _do_port(self, which: int, amount: int) -> None:
        self.world.happen(Event(0, Act.FRESH_PORT, str(which % 3)))
        self._pass(amount / 8000)

    def _stop_exit(self) -> None:
        if self.make_relay is ForwarderHost and not self._has_token():
            self.lost_ports += 1  # no keeper here: the port is promised from the moment that the client has its token
        self.world.relays["exit"].stop()

    def _do_kill(self, which: int, amount: int) -> None:
        self._stop_exit()
        self._pass(amount / 4000)
        if which % 3:
            self._do_start(which, 0)

    def _do_start(self, which: int, amount: int) -> None:
        if not self._is_running("exit"):
            self.world.relays["exit"].start()
        self._pass(amount / 4000)

    def _is_running(self, name: str) -> bool:
        relay: Any = self.world.relays[name]
        return bool(relay.running) if isinstance(relay, ExitModel) else relay.forwarder is not None

    def _do_kill_transit(self, which: int, amount: int) -> None:
        self.world.relays["transit"].stop()
        self._pass(amount / 4000)

    def _do_start_transit(self, which: int, amount: int) -> None:
        if not self._is_running("transit"):
            self.world.relays["transit"].start()
        self._pass(amount / 4000)

    def _do_drain(self, which: int, amount: int) -> None:
        if which % 2:
            self.may_end = True
            self.world.relays["exit"].drain(30)
        else:
            self.world.relays["transit"].drain(30)
        self._pass(amount / 8000)

    def _do_revoke(self, which: int, amount: int) -> None:
        if which % 4 == 0:
            self.may_end = True
            self.world.relays["exit"].revoke(self.world.cid)
        else:
            self.world.relays["transit"].revoke(self.world.cid)
        self._pass(amount / 8000)

    def _do_rekey(self, which: int, amount: int) -> None:
        """As if 2^20 numbers had passed: the next timer changes the key. Never twice without a packet between, as in life."""
        ends: list[Any] = [self.world.link.session, self.world.relays["exit"].sessions.get(self.world.cid)]
        channels: list[Any] = [getattr(end, "_channel", None) for end in ends]
        if all(channel is not None for channel in channels):
            sealer, opener = channels[which % 2].sealer, channels[1 - which % 2].opener
            if sealer._t == opener._t:
                sealer._rekey_at = 0
        self._pass(amount / 4000)

    def _do_add(self, which: int, amount: int) -> None:
        world, path = self.world, 1 + which % 2
        interface = world.interface_ip("lte0" if path == 2 else "wlan0")
        relay = (transit_ip(1), EXIT[1]) if path == 1 else EXIT
        if world.link.session.state is not SessionState.CLOSED:
            world.client.add_path(world.link, path, interface, relay, world.passes.get(path))
        self._pass(amount / 8000)

    def _do_remove(self, which: int, amount: int) -> None:
        self.world.client.remove_path(self.world.link, 1 + which % 2)
        self._pass(amount / 8000)

    def _do_mode(self, which: int, amount: int) -> None:
        mode = list(RedundancyMode)[which % 3]
        self.world.link.session.replace_redundancy(Redundancy(mode, [1.0, 1.5, 2.5][amount % 3]))
        self.world.link.settle()
        self._pass(amount / 4000)

    def _do_replay(self, which: int, amount: int) -> None:
        """An old datagram once more: from where it came, or from an attacker's address."""
        if self.sent:
            datagram, source, target = self.sent[which % len(self.sent)]
            self._inject(datagram, ATTACKER if amount % 2 else source, target)
        self._pass(0.05)

    def _do_forge(self, which: int, amount: int) -> None:
        """An old datagram with one bit turned."""
        if self.sent:
            datagram, source, target = self.sent[which % len(self.sent)]
            forged = bytearray(datagram)
            forged[amount % len(forged)] ^= 1 << which % 8
            self._inject(bytes(forged), ATTACKER if amount % 2 else source, target)
        self._pass(0.02)

    def _inject(self, datagram: bytes, source: Source, target: Source) -> None:
        if source == ATTACKER:
            self.from_attacker += len(datagram)
            outer = parse_outer(datagram)
            if isinstance(outer, Outer) and outer.kind == TYPE_HELLO:
                self.hello_sources.add(source)  # a replayed HELLO may be answered, never served: see `check`
        host = self.world.network.host(target[0])
        if host is not None:
            host.receive(datagram, source, target)

    def _do_outage(self, which: int, amount: int) -> None:
        for lines in self.lines.values():
            for line in lines:
                line.dead = True
        self._pass(amount / 300)
        for lines in self.lines.values():
            for line in lines:
                line.dead = False

    def _do_switch(self, which: int, amount: int) -> None:
        """The exit's host is gone: the standby takes over where there is one."""
        if self.world.guard is None or which % 2:
            return
        self.may_end = True
        self._stop_exit()
        self._pass(1.0 + amount / 1000)

    def _do_big(self, which: int, amount: int) -> None:
        """A payload of two fragments."""
        number = self.world.game.up.sent(self.world.heap.now)
        self.world.client.send_payload(number.to_bytes(4, "big").ljust(1400 + amount, b"."))
        self._pass(0.05)

    # --- what must hold ----------------------------------------------------------------------------------------------

    def check(self) -> None:
        """After every step."""
        world = self.world
        up, down = world.game.up, world.game.down
        if up.duplicates or down.duplicates:
            raise Broken(f"I1: doubled to the game {up.duplicates}, to the player {down.duplicates}")
        if up.strangers or down.strangers:
            raise Broken("a packet came out that nobody sent")
        hosts = {source[0] for source in world.game.sources}
        allowed = 1 + len(world.client.egress_switches)
        if len(hosts) > allowed or len(world.game.sources) > allowed + self.lost_ports:
            raise Broken(f"I2: the game saw {sorted(world.game.sources)} with {allowed - 1} switches")
        if set(world.client.injected_from) - {"exit"} and not world.client.egress_switches:
            raise Broken("I3: a payload of the standby was injected before the switch")
        if self.to_attacker > 3 * self.from_attacker:
            raise Broken(f"an attacker got {self.to_attacker} bytes for {self.from_attacker}")
        self._check_memory()

    def _has_token(self) -> bool:
        """Whether the client holds the resume token of its port."""
        return any(isinstance(happening.event, FlowAccepted) for happening in self.world.client.happened)

    def _check_memory(self) -> None:
        world, session = self.world, self.world.link.session
        if len(world.heap) > MAX_EVENTS_WAITING:
            raise Broken(f"{len(world.heap)} events wait")
        if len(session.events) > 0 or len(session.paths) > MAX_PATHS:
            raise Broken("the session's owner left events, or there are too many paths")
        for name in ("exit", "transit"):
            if len(world.relays[name].sessions) > 1:
                raise Broken(f"the {name} holds more than one session")

    def heal(self) -> None:
        """When everything is mended the match goes on, unless the session has rightly ended."""
        for lines in self.lines.values():
            for line in lines:
                line.dead = False
                line.loss = line.double = line.spread_s = 0.0
        for name in ("exit", "transit"):
            if not self._is_running(name):
                self.world.relays[name].start()
        deadline_s = self.world.heap.now + HEAL_S
        while True:
            self._pass(0.5)
            self.check()
            if self._has_ended():
                return
            why = self._is_interrupted()
            if why is None:
                return
            if self.world.heap.now > deadline_s:
                raise Broken(f"mended {HEAL_S:g} s ago, and yet {why}; {self.world.link.session.state}")

    def _is_interrupted(self) -> str | None:
        """Plays on for a while; what was lost although nothing is in the way, None when nothing was."""
        began_s = self.world.heap.now
        self._pass(STEADY_S + 0.2)
        self.check()
        up = self.world.game.up.figures(began_s, began_s + STEADY_S)
        down = self.world.game.down.figures(began_s, began_s + STEADY_S)
        if up.lost or down.lost or not up.sent or not down.sent:
            return f"{up.lost} of {up.sent} up and {down.lost} of {down.sent} down were lost"
        return None

    def _has_ended(self) -> bool:
        """Revoked, refused while draining, or a first hand-shake that timed out: the tunnel would go elsewhere."""
        active = self.world.client.active
        over = (SessionClosed, HandshakeRefused, HandshakeTimedOut)
        ended = [happening.event for happening in self.world.client.happened if isinstance(happening.event, over)]
        if not ended or active is None or active.session.state not in {SessionState.CLOSED, SessionState.REFUSED}:
            return False
        if not self.may_end and not any(isinstance(event, HandshakeTimedOut) for event in ended):
            raise Broken(f"the session ended without a reason: {ended}")
        return True


def run_schedule(seed: int, steps: list[Step], make_relay: MakeRelay) -> None:
    """Raises Broken, or whatever the product raised."""
    match = Match(seed, make_relay)
    for step in steps:
        match.carry_out(step)
    match.heal()


@contextmanager
def watched_sealers() -> Iterator[None]:
    """While a schedule runs, every sealer is watched for a nonce used twice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packet_crypto, "make_aead", SealedOnce().make)
        yield


def failure_of(seed: int, steps: list[Step], make_relay: MakeRelay) -> str | None:
    """Why the schedule fails, None when it holds."""
    with watched_sealers():
        try:
            run_schedule(seed, steps, make_relay)
        except Exception as error:  # noqa: BLE001 - anything that the product raises breaks the schedule
            return f"{type(error).__name__}: {error}"
    return None


def shortened(seed: int, steps: list[Step], make_relay: MakeRelay) -> list[Step]:
    """Fewer steps that still fail: what to look at."""
    size = max(1, len(steps) // 2)
    while size:
        at = 0
        while at < len(steps):
            shorter = steps[:at] + steps[at + size :]
            if failure_of(seed, shorter, make_relay) is not None:
                steps = shorter
            else:
                at += size
        size //= 2
    return steps


def relay_of(seed: int) -> MakeRelay:
    """Two of three schedules meet the real relay, the others the model that the figures come from."""
    return ExitModel if seed % 3 == 0 else ForwarderHost
