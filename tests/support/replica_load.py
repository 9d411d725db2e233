"""A tiny round robin over replicas of the server, and players who keep them busy while one of them is killed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from support.payment_signers import robokassa_notice

PASSWORD = "correct horse battery"
ROUNDS = 2
"""What each player does over and over: games, a session, a payment, a refresh."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a replica answered. `again`: an earlier try went to a replica that died with it, so it may have been done already."""

    status: int
    body: Any
    again: bool

    @property
    def code(self) -> str:
        """The code of a problem document."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


@dataclass(slots=True)
class RoundRobin:
    """Sends each request to the next replica; one that does not answer is left out, and the request goes to the next one."""

    http: aiohttp.ClientSession
    replicas: list[str]
    killed: set[str] = field(default_factory=set)
    answers: dict[str, int] = field(default_factory=dict)
    """How many requests each replica answered."""
    failures: list[str] = field(default_factory=list)
    """Requests that a living replica failed."""
    busy_after: int = 0
    busy: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when `busy_after` requests have been answered."""
    _next: int = 0

    async def call(
        self, method: str, path: str, token: str | None = None, body: object = None, data: bytes | None = None
    ) -> Answer:
        """One request, answered by whichever replica lives."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        if data is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        again = False
        while True:
            self._next += 1
            url = self.replicas[self._next % len(self.replicas)]
            try:
                async with self.http.request(method, url + path, headers=headers, json=body, data=data) as reply:
                    found = await reply.json(content_type=None) if reply.content_type.endswith("json") else None
                    await reply.read()
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                if url not in self.killed:
                    self.failures.append(f"{method} {path}: {type(error).__name__}: {error}")
                if url in self.replicas and len(self.replicas) > 1:
                    self.replicas.remove(url)
                again = True
                continue
            self.answers[url] = self.answers.get(url, 0) + 1
            if sum(self.answers.values()) >= self.busy_after:
                self.busy.set()
            if reply.status >= 500:
                self.failures.append(f"{method} {path}: {reply.status} {found}")
            return Answer(reply.status, found, again)


@dataclass(slots=True)
class Player:
    """One person with one account. What was confirmed to them must be in the database at the end."""

    robin: RoundRobin
    number: int
    gift: str
    contested: str
    access: str = ""
    refresh: str = ""
    won: bool = False
    paid: list[str] = field(default_factory=list)
    """The checkouts whose payment was taken."""

    @property
    def email(self) -> str:
        """Who they are."""
        return f"player{self.number}@example.org"

    async def play(self) -> None:
        """Everything that a player does, from the registration on."""
        await self._expect("POST", "/v1/auth/register", 201, body=self._credentials, or_again={409})
        await self._sign_in()
        await self._expect("POST", "/v1/codes/redeem", 200, body={"code": self.gift}, or_again={403, 404, 409})
        contested = await self.robin.call("POST", "/v1/codes/redeem", self.access, {"code": self.contested})
        self.won = contested.status == 200
        for _ in range(ROUNDS):
            await self._expect("GET", "/v1/games?limit=10", 200)
            await self._play_a_match()
            await self._pay()
            await self._trade_tokens()

    @property
    def _credentials(self) -> dict[str, str]:
        return {"email": self.email, "password": PASSWORD}

    async def _sign_in(self) -> None:
        pair = await self._expect("POST", "/v1/auth/login", 200, body=self._credentials)
        self.access, self.refresh = pair.body["access_token"], pair.body["refresh_token"]

    async def _trade_tokens(self) -> None:
        pair = await self.robin.call("POST", "/v1/auth/refresh", body={"refresh_token": self.refresh})
        if pair.status == 200:
            self.access, self.refresh = pair.body["access_token"], pair.body["refresh_token"]
        else:
            # The new pair died with its replica. The old token has been used up, so it opens nothing any more.
            assert pair.again, pair
            await self._sign_in()

    async def _play_a_match(self) -> None:
        grant = await self._expect("POST", "/v1/sessions", 201, body={"game": "cs2"})
        session = grant.body["session_id"]
        await self._expect("POST", f"/v1/sessions/{session}/stop", 200, body={"seconds": 1.0})

    async def _pay(self) -> None:
        order = {"plan": "monthly", "provider": "robokassa"}
        checkout = (await self._expect("POST", "/v1/payments/checkout", 201, body=order)).body
        notice = robokassa_notice(checkout["link"])
        # The provider says it four times, to whichever replica, before anybody has answered.
        told = await asyncio.gather(
            *(self.robin.call("POST", "/v1/payments/notices/robokassa", data=notice) for _ in range(4))
        )
        assert {one.status for one in told} == {200}, told
        self.paid.append(checkout["code"])

    async def _expect(
        self, method: str, path: str, status: int, body: object = None, or_again: Sequence[int] | set[int] = ()
    ) -> Answer:
        """The answer, which has this status, or one of `or_again` when a replica may have done it before it died."""
        answer = await self.robin.call(method, path, self.access or None, body)
        allowed = {status, *(or_again if answer.again else ())}
        assert answer.status in allowed, (method, path, answer)
        return answer
