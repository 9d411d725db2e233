"""Two real replicas over one PostgreSQL and one Redis, under load, while one of them is killed."""

import asyncio
import re
import urllib.request
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from plg_server.config import load_config
from plg_server.database import Database, open_database
from plg_server.ids import utc_now
from plg_server.models.billing import SubscriptionGrant
from plg_server.models.codes import Code, CodeUse
from plg_server.models.leases import Lease
from plg_server.models.mail import OutboxMail
from plg_server.models.payments import Checkout, Payment
from plg_server.services.codes import NewCode, make_code
from plg_server.services.nodes import create_enrolment_token
from plg_server.services.plans import seed_plans
from plg_server.services.reconciliation import findings
from support.migrated_databases import MigratedDatabases
from support.operator_rows import account_row
from support.payment_signers import ROBOKASSA
from support.replica_load import Player, RoundRobin
from support.server_process import ServerProcess, running_server
from support.services import PostgresServer, RedisServer

pytestmark = pytest.mark.services

PLAYERS = 5
KILL_AFTER_ANSWERS = 45
"""About a third of all: every player is in the middle of something."""

LONG_ROUNDS = {"clean_up", "reconcile", "remind_of_plans", "rotate_ticket_keys", "forget_findings", "forget_benchmarks"}
"""What runs every half hour or less often: once in any test."""

WAIT_S = 20.0
BEAT_S = 3.0
"""A relay that was not heard for 15 s is silent; a killed replica must not cost it more than one heartbeat."""


@dataclass
class World:
    """What all replicas share."""

    settings: dict[str, str]
    database: Database
    gifts: list[str]
    contested: str
    relay_token: str


@pytest.fixture
async def world(
    tmp_path: Path,
    postgres_server: PostgresServer,
    redis_server: RedisServer,
    migrated_databases: MigratedDatabases,
) -> AsyncIterator[World]:
    """A database with codes, a relay's enrolment token, and somebody whose plan ends in two days."""
    redis_server.empty()
    settings = {
        "database_url": postgres_server.new_database(),
        "store_url": redis_server.url,
        "token_secret": "a secret that all replicas know of",
        "billing": "on",
        **ROBOKASSA,
    }
    config = load_config(None, {}, {"data_dir": str(tmp_path / "setting up"), **settings})
    await migrated_databases.migrate(config)
    database = await open_database(config)
    now = utc_now()
    with database.active():
        await seed_plans()
        gifts = [await make_code(NewCode(kind="gift", days=30), now) for _ in range(PLAYERS)]
        contested = await make_code(NewCode(kind="gift", days=7), now)
        token = (await create_enrolment_token("Frankfurt 1", country="DE")).token
        await account_row(
            "ends@example.org",
            now,
            plan_name="monthly",
            plan_expires_at=now + timedelta(days=2),
            email_verified_at=now,
        )
    yield World(settings, database, gifts, contested, token)
    await database.close()


@pytest.fixture
def replicas(tmp_path: Path, world: World) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    """Two that start at the same moment."""
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        starting = [pool.submit(stack.enter_context, running_server(tmp_path / name, world.settings)) for name in "ab"]
        first, second = [start.result() for start in starting]
        yield first, second


@asynccontextmanager
async def beating_relay(robin: RoundRobin, token: str) -> AsyncIterator[None]:
    """A relay that tells whichever replica that it lives."""
    body = {"enrol_token": token, "public_host": "9.9.9.9", "port": 443}
    identity = (await robin.call("POST", "/v1/relays/enrol", body=body)).body
    headers = {"X-Relay-Key": f"{identity['node_id']}.{identity['relay_key']}"}

    async def beat() -> None:
        beat_body = {"boot_id": "0123456789abcdef", "max_sessions": 100}
        for url in list(robin.replicas):
            try:
                async with robin.http.post(f"{url}/v1/relays/heartbeat", json=beat_body, headers=headers) as reply:
                    if reply.status == 200:
                        return
            except aiohttp.ClientError:
                continue

    async def beat_on() -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            await beat()

    await beat()
    async with asyncio.TaskGroup() as group:
        beating = group.create_task(beat_on())
        yield
        beating.cancel()


async def until_first_rounds_are_done(world: World) -> dict[str, int]:
    """How often each long round was begun, once all of them have succeeded."""
    async with asyncio.timeout(WAIT_S):
        while True:
            with world.database.active():
                rows = await Lease.filter(id__in=LONG_ROUNDS, succeeded_at__not_isnull=True)
            if len(rows) == len(LONG_ROUNDS):
                return {row.id: row.rounds for row in rows}
            await asyncio.sleep(0.05)


def rounds_finished_by(replica: ServerProcess) -> dict[str, int]:
    """The long rounds that this replica did itself, by its own metrics."""
    with urllib.request.urlopen(f"{replica.url}/metrics", timeout=WAIT_S) as answer:
        text = answer.read().decode()
    found = re.findall(r'plg_server_job_rounds_total\{job="(\w+)"\} (\d+)', text)
    return {name: int(count) for name, count in found if name in LONG_ROUNDS}


async def kill_in_the_middle(victim: ServerProcess, robin: RoundRobin) -> None:
    """SIGKILL, when KILL_AFTER_ANSWERS requests have been answered and others are under way."""
    await robin.busy.wait()
    robin.killed.add(victim.url)
    victim.process.kill()
    await asyncio.to_thread(victim.process.wait)


async def test_one_of_two_replicas_is_killed_under_load_and_nobody_loses_or_wins_anything(
    tmp_path: Path, world: World, replicas: tuple[ServerProcess, ServerProcess]
) -> None:
    living, victim = replicas
    everywhere_once = dict.fromkeys(LONG_ROUNDS, 1)
    assert await until_first_rounds_are_done(world) == everywhere_once
    finished = [rounds_finished_by(replica) for replica in replicas]
    assert {name: sum(one.get(name, 0) for one in finished) for name in LONG_ROUNDS} == everywhere_once

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WAIT_S)) as http:
        robin = RoundRobin(http, [living.url, victim.url], busy_after=KILL_AFTER_ANSWERS)
        players = [Player(robin, number, gift, world.contested) for number, gift in enumerate(world.gifts)]
        async with beating_relay(robin, world.relay_token):
            async with asyncio.TaskGroup() as group:
                for player in players:
                    group.create_task(player.play())
                group.create_task(kill_in_the_middle(victim, robin))
            assert robin.failures == []
            assert robin.answers[victim.url] > 0
            assert robin.replicas == [living.url]  # somebody met the dead one, and went on with the other

            with running_server(tmp_path / "back", world.settings) as back:
                robin.replicas.append(back.url)
                for player in players:  # whatever the others told them holds here too
                    own = [await robin.call("GET", "/v1/subscription", player.access) for _ in range(2)]
                    assert own[0].body == own[1].body
                assert robin.answers[back.url] > 0
                assert robin.failures == []
                await the_books_are_right(world, players)
                assert await until_first_rounds_are_done(world) == everywhere_once
                assert rounds_finished_by(back) == {}


async def the_books_are_right(world: World, players: list[Player]) -> None:
    """Everything that was confirmed is there, once, and the sums agree."""
    with world.database.active():
        assert [finding async for finding in findings(utc_now() + timedelta(hours=1))] == []
        assert await Code.filter(uses_left__gt=0).count() == 0
        assert await CodeUse.all().count() == PLAYERS + 1
        confirmed = {code for player in players for code in player.paid}
        assert len(confirmed) == sum(len(player.paid) for player in players)
        credited = {row.id for row in await Checkout.filter(code__in=confirmed, state="paid")}
        assert len(credited) == len(confirmed)
        payments = await Payment.filter(state="credited")
        assert sorted(str(row.checkout_id) for row in payments) == sorted(credited)
        grants = await SubscriptionGrant.all()
        days = {source: sum(one.days for one in grants if one.source == source) for source in ("payment", "gift")}
        assert days == {"payment": 30 * len(confirmed), "gift": 30 * PLAYERS + 7}
        assert sum(player.won for player in players) <= 1
        assert await OutboxMail.filter(kind="plan_reminder").count() == 1
