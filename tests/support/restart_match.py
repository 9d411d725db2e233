"""Two matches of one player through a relay that is killed again and again, seen from the player and from two game servers."""

import asyncio
import errno
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from support.live_relay import LivePlayer, game_socket

IP_RECVERR = 11
TICK_S = 0.01
"""Each side sends every 10 ms: 100 packets a second, more than most games."""


@dataclass
class GameServer:
    """Echoes; notes each source and each sign of a closed port (an ICMP answer). `is_bound_to_player`: connects its socket to
    the player's address, as some servers do, and would be told of a closed port at its next call."""

    is_bound_to_player: bool
    opened: socket.socket = field(default_factory=game_socket)
    sources: set[tuple[str, int]] = field(default_factory=set)
    refusals: int = 0
    heard_at_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.opened.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.opened.getsockname()
        return host, port

    def step(self) -> None:
        """Take what came; send to each player that was ever here, whether or not anything came from him."""
        while True:
            try:
                _, source = self.opened.recvfrom(2048)
            except BlockingIOError:
                break
            except ConnectionRefusedError:
                self.refusals += 1
                continue
            self.heard_at_s.append(time.monotonic())
            if not self.sources and self.is_bound_to_player:
                self.opened.connect(source)
            self.sources.add(source)
        for source in self.sources:
            self._send(source)
        self._read_errors()

    def _send(self, source: tuple[str, int]) -> None:
        world = str(time.monotonic()).encode()
        try:
            if self.is_bound_to_player:
                self.opened.send(world)
            else:
                self.opened.sendto(world, source)
        except ConnectionRefusedError:
            self.refusals += 1

    def _read_errors(self) -> None:
        """The queue of ICMP errors, which a server that is not connected sees only there (ip(7))."""
        while select.select([], [], [self.opened], 0)[2]:
            try:
                self.opened.recvmsg(512, 512, socket.MSG_ERRQUEUE)
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    raise
                return
            self.refusals += 1


class Match:
    """A player and his two game servers."""

    def __init__(self, relay_port: int) -> None:
        self.player = LivePlayer.at(relay_port)
        self.games = (GameServer(is_bound_to_player=False), GameServer(is_bound_to_player=True))

    async def begin(self) -> None:
        """Until both servers have the player."""
        await self.player.connect()
        await self.play(until=lambda: all(game.heard_at_s for game in self.games), at_most_s=10)

    async def play(self, *, at_most_s: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Everybody sends; whether `until` came true."""
        deadline = time.monotonic() + at_most_s
        while time.monotonic() < deadline:
            for number, game in enumerate(self.games):
                self.player.send(b"input of the player, as long as inputs are", game.address, 27000 + number)
                game.step()
            self.player.step()
            if until():
                return True
            await asyncio.sleep(TICK_S)
        return False

    async def play_through(self, break_it: Callable[[], None], at_most_s: float = 30.0) -> float:
        """Seconds from `break_it` until both servers hear the player and the player hears both again."""
        self.player.events.clear()
        break_it()
        broken_at_s = time.monotonic()

        def goes_on() -> bool:
            answers = [float(world) for world in self.player.payloads]
            return all(game.heard_at_s[-1] > broken_at_s for game in self.games) and any(
                sent_s > broken_at_s for sent_s in answers
            )

        # What was on its way at that moment still arrives.
        await self.play(at_most_s=2 * TICK_S)
        self.player.events.clear()
        broken_at_s = time.monotonic()
        if not await self.play(until=goes_on, at_most_s=at_most_s):
            raise AssertionError(f"no match {at_most_s:g} s after the relay was gone")
        return time.monotonic() - broken_at_s + 2 * TICK_S

    def close(self) -> None:
        self.player.close()
        for game in self.games:
            game.opened.close()
