"""Several worker processes behind one face. The parent holds the sockets, so that a worker that dies is replaced in place."""

import asyncio
import contextlib
import logging
import os
import socket
import sys
import time
from collections.abc import Awaitable, Sequence
from typing import Final, TypeVar

import msgspec

from plg.contract.relay_control import RegisterSessionRequest, RelaySessionInfo, RelayTransitInfo
from plg_relay.config import RelayConfig
from plg_relay.errors import FailureKind, RelayError
from plg_relay.keeper_client import KeeperClient
from plg_relay.plane import PlaneStatus
from plg_relay.plane_identity import PlaneIdentity
from plg_relay.policy import Policy
from plg_relay.worker_messages import (
    LENGTH,
    MAX_MESSAGE_BYTES,
    Answer,
    ApplyPolicy,
    AskSessions,
    AskStatus,
    AskTransits,
    Done,
    EndSession,
    Register,
    Request,
    SessionsAnswer,
    Start,
    StartDrain,
    StatusAnswer,
    Stop,
    TransitsAnswer,
    decode_answer,
    encode,
)

ANSWER_TIMEOUT_S: Final = 5.0
START_TIMEOUT_S: Final = 20.0
STOP_TIMEOUT_S: Final = 3.0
MAX_RESTARTS_PER_MINUTE: Final = 5
"""A worker that dies more often will die again: let the service manager see the failure."""

log = logging.getLogger(__name__)
Kind = TypeVar("Kind", bound=Answer)


class _Worker:
    """One process and the channel to it; one question at a time."""

    def __init__(self, number: int, front: socket.socket, keeper: KeeperClient | None) -> None:
        self.number = number
        self.front = front
        self._keeper = keeper
        self.process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._asking = asyncio.Lock()

    async def start(self, start: Start) -> None:
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as stack:
            descriptors = [self.front.fileno(), stack.enter_context(theirs).fileno()]
            if self._keeper is not None:
                descriptors.append(stack.enter_context(self._keeper.open_channel()).fileno())
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "plg_relay.worker", *map(str, descriptors), pass_fds=descriptors
            )
        self._reader, self._writer = await asyncio.open_connection(sock=ours)
        await self.ask(start, Done, START_TIMEOUT_S)

    async def ask(self, request: Request, kind: type[Kind], timeout_s: float = ANSWER_TIMEOUT_S) -> Kind:
        """The worker's answer. Raises ConnectionError when it has died or does not answer."""
        reader, writer = self._reader, self._writer
        if reader is None or writer is None:
            raise ConnectionError(f"worker {self.number} is not running")
        async with self._asking:
            try:
                async with asyncio.timeout(timeout_s):
                    writer.write(encode(request))
                    await writer.drain()
                    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                    if length > MAX_MESSAGE_BYTES:
                        raise ConnectionError(f"worker {self.number} announces {length} bytes")
                    answer = decode_answer(await reader.readexactly(length))
            except (TimeoutError, asyncio.IncompleteReadError, OSError) as error:
                self.kill()  # an answer that comes too late would be taken for that of the next question
                raise ConnectionError(f"worker {self.number} does not answer") from error
        if not isinstance(answer, kind):
            raise ConnectionError(f"worker {self.number} answered {type(answer).__name__}")
        return answer

    def kill(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()

    async def stop(self) -> None:
        """End with a word to the clients."""
        with contextlib.suppress(ConnectionError):
            await self.ask(Stop(), Done, STOP_TIMEOUT_S)
        if self.process is not None:
            try:
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await self.process.wait()
            except TimeoutError:
                self.kill()
                await self.process.wait()
        self.kill()


class WorkerPool:
    """Implements Plane over `fronts`, one process for each."""

    def __init__(
        self,
        config: RelayConfig,
        identity: PlaneIdentity,
        policy: Policy,
        fronts: Sequence[socket.socket],
        keeper: KeeperClient | None = None,
    ) -> None:
        """`keeper`: holds the workers' game-facing sockets over their death and ours."""
        self._config = config
        self._identity = identity
        self._policy = policy
        self._workers = [_Worker(number, front, keeper) for number, front in enumerate(fronts)]
        self._ended = PlaneStatus()
        self._last: dict[int, PlaneStatus] = {}
        self._draining_seconds: int | None = None

    @property
    def workers(self) -> int:
        """Processes that carry packets."""
        return len(self._workers)

    async def start(self) -> None:
        """Start every worker. Raises RelayError when one does not come up."""
        try:
            await asyncio.gather(*(worker.start(self._start_message(worker)) for worker in self._workers))
        except (ConnectionError, OSError) as error:
            raise RelayError(FailureKind.REFUSED, f"a worker process does not start: {error}") from error

    def _start_message(self, worker: _Worker, restarts: int = 0) -> Start:
        """Each start is a boot of its own: clients must see that flows are gone, and new ports leave the old ones free."""
        identity = msgspec.structs.replace(
            self._identity, boot_id=os.urandom(8), boot_parity=(self._identity.boot_parity + restarts) % 2
        )
        return Start.of(self._config, identity, self._policy, len(self._workers), worker.number)

    async def run(self) -> None:
        """Replace workers that die, until cancelled. Raises RelayError when one keeps dying."""
        async with asyncio.TaskGroup() as group:
            for worker in self._workers:
                group.create_task(self._keep_alive(worker))

    async def _keep_alive(self, worker: _Worker) -> None:
        deaths: list[float] = []
        restarts = 0
        while True:
            if worker.process is None:
                return
            code = await worker.process.wait()
            worker.kill()
            now_s = time.monotonic()
            deaths = [at_s for at_s in deaths if at_s > now_s - 60.0] + [now_s]
            log.error("worker %d ended with code %s; its players resume on the next one", worker.number, code)
            if len(deaths) > MAX_RESTARTS_PER_MINUTE:
                raise RelayError(FailureKind.REFUSED, f"worker {worker.number} died {len(deaths)} times in a minute")
            # Counters must not go backwards when a process starts again from nothing.
            last = self._last.pop(worker.number, PlaneStatus())
            self._ended = self._ended.plus(last.without_gauges())
            try:
                restarts += 1
                await worker.start(self._start_message(worker, restarts))
                if self._draining_seconds is not None:
                    await worker.ask(StartDrain(self._draining_seconds), Done)
            except (ConnectionError, OSError) as error:
                log.warning("worker %d does not start: %s", worker.number, error)

    async def close(self) -> None:
        """End every worker; clients are told."""
        await asyncio.gather(*(worker.stop() for worker in self._workers))

    async def kill(self) -> None:
        """End every worker without a word: players resume at our successor."""
        for worker in self._workers:
            worker.kill()
            if worker.process is not None:
                await worker.process.wait()

    async def _ask_all(self, request: Request, kind: type[Kind]) -> list[tuple[_Worker, Kind]]:
        """The answers of the workers that are up."""

        async def one(worker: _Worker) -> tuple[_Worker, Kind] | None:
            try:
                return worker, await worker.ask(request, kind)
            except ConnectionError as error:
                log.warning("%s", error)
                return None

        asked: list[Awaitable[tuple[_Worker, Kind] | None]] = [one(worker) for worker in self._workers]
        return [answer for answer in await asyncio.gather(*asked) if answer is not None]

    # --- Plane -------------------------------------------------------------------------------------------------------

    async def status(self) -> PlaneStatus:
        total = self._ended
        for worker, answer in await self._ask_all(AskStatus(), StatusAnswer):
            self._last[worker.number] = answer.status
        for status in self._last.values():
            total = total.plus(status)
        return total

    async def sessions(self) -> list[RelaySessionInfo]:
        return [row for _, answer in await self._ask_all(AskSessions(), SessionsAnswer) for row in answer.sessions]

    async def transits(self) -> list[RelayTransitInfo]:
        return [row for _, answer in await self._ask_all(AskTransits(), TransitsAnswer) for row in answer.transits]

    async def register(self, request: RegisterSessionRequest) -> None:
        await self._of_cid(int(request.cid, 16)).ask(Register(request), Done)

    async def end_session(self, cid: int) -> bool:
        return (await self._of_cid(cid).ask(EndSession(cid), Done)).found

    def _of_cid(self, cid: int) -> _Worker:
        """The same choice as the kernel's (plg_relay.port_sharing)."""
        return self._workers[(cid & 0xFF) % len(self._workers)]

    async def apply_policy(self, policy: Policy) -> None:
        self._policy = policy
        await self._ask_all(ApplyPolicy(policy), Done)

    async def drain(self, seconds: int) -> None:
        self._draining_seconds = seconds
        await self._ask_all(StartDrain(seconds), Done)
