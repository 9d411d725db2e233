"""Calls relays' control API. Best effort: what gets lost here is told again by the next heartbeat's answer."""

import asyncio
from dataclasses import dataclass
from typing import Self

import aiohttp
import msgspec
import structlog

from plg.contract.relay_control import RELAY_AUTH_HEADER, DrainRequest, RevokeRequest
from plg.contract.schema import API_PREFIX

CALL_TIMEOUT_S = 2.0
"""A heartbeat comes every 5 s and carries the same news: waiting longer gains nothing."""

QUEUE_LENGTH = 1000
"""Calls waiting. Beyond it relays are plainly away, and they hear it by heartbeat when they come back."""

WORKERS = 4
"""Calls at a time: one relay that does not answer must not hold up the others."""


@dataclass(frozen=True, slots=True)
class _Call:
    url: str
    control_key: str
    revocation: RevokeRequest


class RelayControl:
    """Use as `async with`: inside, pushed calls are made by tasks of its own; leaving cancels them."""

    def __init__(self) -> None:
        self._calls: asyncio.Queue[_Call] = asyncio.Queue(QUEUE_LENGTH)
        self._http: aiohttp.ClientSession | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.failed = 0
        self.dropped = 0

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
        # trust_env off: a proxy of the environment must not learn control keys.
        self._http = aiohttp.ClientSession(timeout=timeout, trust_env=False)
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._work(self._http), name=f"relay control {n}") for n in range(WORKERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    def push(self, control_url: str, control_key: str, revocation: RevokeRequest) -> None:
        """Have the relay told soon; never waits, never fails."""
        try:
            self._calls.put_nowait(_Call(control_url, control_key, revocation))
        except asyncio.QueueFull:
            self.dropped += 1

    async def drain(self, control_url: str | None, control_key: str, seconds: int) -> str | None:
        """Have the relay end its sessions within `seconds` and take no new ones. None when it heard, else one line why not."""
        if control_url is None or self._http is None:
            return "the relay has no control address"
        url = control_url.rstrip("/") + API_PREFIX + "/drain"
        headers = {RELAY_AUTH_HEADER: control_key, "Content-Type": "application/json"}
        body = msgspec.json.encode(DrainRequest(seconds=seconds))
        try:
            async with self._http.post(url, data=body, headers=headers, allow_redirects=False) as response:
                return None if response.status < 300 else f"the relay refused it with HTTP status {response.status}"
        except TimeoutError:
            return f"the relay does not answer at {control_url} within {CALL_TIMEOUT_S:.0f} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"the relay cannot be reached at {control_url} ({type(error).__name__})"

    async def idle(self) -> None:
        """Wait until every pushed call has been made or has failed."""
        await self._calls.join()

    async def _work(self, http: aiohttp.ClientSession) -> None:
        while True:
            call = await self._calls.get()
            try:
                await self._revoke(http, call)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                self.failed += 1
                structlog.get_logger().warning("relay_control_failed", url=call.url, reason=type(error).__name__)
            finally:
                self._calls.task_done()

    async def _revoke(self, http: aiohttp.ClientSession, call: _Call) -> None:
        async with http.post(
            call.url.rstrip("/") + API_PREFIX + "/revocations",
            data=msgspec.json.encode(call.revocation),
            headers={RELAY_AUTH_HEADER: call.control_key, "Content-Type": "application/json"},
            allow_redirects=False,
        ) as response:
            if response.status >= 300:
                self.failed += 1
                structlog.get_logger().warning("relay_control_refused", url=call.url, status=response.status)
