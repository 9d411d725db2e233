"""What a game server misses when the relay's process is killed in the middle of a match, with a spare process and without."""

import os
import signal
import socket
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import Report, median, start, talk
from benchmarks.process_cost import resident_bytes
from benchmarks.relay_stand import BenchClient, RunningRelay, open_clients, running_relay

KILLS = 10
TICK_S = 1 / 128
WARM_UP_S = 1.2
"""Longer than what counts as an early death."""

SPARE_LOADED_S = 4.0
"""The spare process starts 2 s after the relay serves, and needs half a second on a quiet machine."""

IP_RECVERR = 11
STARTS = 5
MOST_BEYOND_RESTART_MS = 300.0
MOST_KEEPER_MB = 25.0
MOST_ADDED_START_S = 0.1
LONGEST_GAP_S = 30.0


@dataclass(slots=True)
class Match:
    """One player at 128 packets a second each way. The server would see an ICMP answer to what it sends."""

    client: BenchClient
    game: socket.socket
    sources: set[tuple[str, int]] = field(default_factory=set)
    refusals: int = 0
    heard_at_s: float = 0.0

    def play(self, seconds: float) -> None:
        """For so long."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self.tick()

    def tick(self) -> None:
        """Everybody receives and sends once."""
        client, now_s = self.client, time.monotonic()
        due_s = client.session.next_timeout()
        if due_s is not None and due_s <= now_s:
            client.session.handle_timeout(now_s)
        client.session.send_payload(client.flow, b"input of the player".ljust(60), now_s)
        client.flush()
        try:
            while True:
                client.payload_of(client.socket.recv(2048, socket.MSG_DONTWAIT))
        except BlockingIOError:
            pass
        self._serve(now_s)
        time.sleep(TICK_S)

    def _serve(self, now_s: float) -> None:
        while True:
            try:
                _, source = self.game.recvfrom(2048, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except ConnectionRefusedError:
                self.refusals += 1
                continue
            self.heard_at_s = now_s
            self.sources.add(source)
        for source in self.sources:
            try:
                self.game.sendto(b"the world".ljust(100), source)
            except ConnectionRefusedError:
                self.refusals += 1


def serving_pid(keeper: int) -> int:
    """The process that carries packets: the keeper's oldest child."""
    return int(Path(f"/proc/{keeper}/task/{keeper}/children").read_text(encoding="ascii").split()[0])


def kill_and_play(relay: RunningRelay, match: Match) -> tuple[float, float]:
    """Milliseconds until the next process answers on the metrics port, and until the game hears its player again."""
    answered: list[float] = []

    def wait_for_answer() -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{relay.metrics_port}/metrics", timeout=LONGEST_GAP_S) as answer:
            answer.read()
        answered.append(time.monotonic())

    last_heard_s = match.heard_at_s
    os.kill(serving_pid(relay.pid), signal.SIGKILL)
    killed_s = time.monotonic()
    waiting = threading.Thread(
        target=wait_for_answer
    )  # the keeper holds the port: the question waits like the packets do
    waiting.start()
    match.play(2 * TICK_S)
    last_heard_s = max(last_heard_s, match.heard_at_s)
    while match.heard_at_s <= last_heard_s:
        match.tick()
        if time.monotonic() > killed_s + LONGEST_GAP_S:
            raise TimeoutError("the match did not go on after the relay was killed")
    waiting.join()
    return (answered[0] - killed_s) * 1000, (match.heard_at_s - last_heard_s) * 1000


def measure_kills(report: Report, what: str, *, spare: bool) -> None:
    """Kill the relay again and again under one match."""
    talk(f"{KILLS} kills, {what}")
    with running_relay(spare=spare, restarts_per_minute=1000) as relay:
        game = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        game.bind(("127.0.0.1", 0))
        game.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        (client,) = open_clients(relay, game, 1)
        game.setblocking(False)
        match = Match(client, game)
        restarts, gaps = [], []
        for _ in range(KILLS):
            match.play(SPARE_LOADED_S if spare else WARM_UP_S)
            restart_ms, gap_ms = kill_and_play(relay, match)
            restarts.append(restart_ms)
            gaps.append(gap_ms)
        match.play(WARM_UP_S)
        keeper_mb = resident_bytes(relay.pid) / 1e6
    beyond = [gap - restart for gap, restart in zip(gaps, restarts, strict=True)]
    report.add(f"restart of the process, {what}, median", median(restarts), "ms")
    report.add(f"relay restart gap, {what}, median", median(gaps), "ms")
    report.add(f"relay restart gap, {what}, worst", max(gaps), "ms")
    report.add(f"gap beyond the restart, {what}, worst", max(beyond), "ms", target=MOST_BEYOND_RESTART_MS)
    report.add(f"sources that the game saw, {what}", len(match.sources), "", target=1)
    report.add(f"closed ports that the game saw, {what}", match.refusals, "", target=0)
    if not spare:
        report.add("keeper, resident memory", keeper_mb, "MB", target=MOST_KEEPER_MB)


def measure_starts(report: Report) -> None:
    """How much later players are served because a keeper is there."""
    talk(f"{STARTS} starts with a keeper and {STARTS} without, in turns")
    took: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(STARTS):
        for keeper, times in took.items():
            began_s = time.monotonic()
            with running_relay(keeper=keeper):
                times.append(time.monotonic() - began_s)
    added_s = median(took[True]) - median(took[False])
    report.add("start without a keeper, median", median(took[False]), "s")
    report.add("start, added by the keeper, median", added_s, "s", target=MOST_ADDED_START_S)


def main() -> bool:
    report = start("relay_restart", "the relay's process is killed in the middle of a match")
    measure_starts(report)
    measure_kills(report, "with a spare process", spare=True)
    measure_kills(report, "without one", spare=False)
    return report.finish()


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
