"""`plg bot run` without the terminal: what it does, told to the caller."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import structlog
from aiohttp import web

from plg_server.background import BackgroundJobs
from plg_server.bot.alerts import EVERY as ALERTS_EVERY
from plg_server.bot.alerts import RelayAlerts
from plg_server.bot.client import Me, TelegramClient, open_client
from plg_server.bot.conversation import Conversation
from plg_server.bot.digest import EVERY as DIGEST_EVERY
from plg_server.bot.digest import DailyDigest
from plg_server.bot.dispatching import Updates
from plg_server.bot.polling import Polling
from plg_server.bot.reminding import EVERY as REMINDERS_EVERY
from plg_server.bot.reminding import PlanMessages
from plg_server.bot.sending import Sending
from plg_server.bot.stopping import sleep_until
from plg_server.bot.troubles import BadToken, Refused, TelegramTrouble
from plg_server.bot.webhook import webhook_app
from plg_server.bot.world import BotWorld, open_world
from plg_server.config import ConfigError, ServerConfig
from plg_server.metrics import Metrics
from plg_server.services.game_overrides import LOOK_INTERVAL_S
from plg_server.services.telegram_queue import wake
from plg_server.serving import bind

HELLO_PAUSE_S = 5.0
"""Between tries to reach Telegram at the start."""

WAKE_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Running:
    """What is told once updates are answered. `url` is None while polling."""

    bot: str
    url: str | None
    port: int | None


def refuse_without_token(config: ServerConfig) -> None:
    """Raises ConfigError."""
    if config.telegram.telegram_token is None:
        raise ConfigError("telegram_token is missing: get one from @BotFather and set it, with telegram_bot_name")


async def run_bot(
    config: ServerConfig,
    *,
    host: str,
    port: int,
    running: Callable[[Running], None],
    tell: Callable[[str], None],
) -> None:
    """Serve the bot until SIGTERM or SIGINT; what is being answered is answered first.

    `host` and `port` are for the webhook only. `running` is told when it is our turn to answer; `tell` gets lines for the operator.
    Raises ConfigError, CannotReach, PortTaken.
    """
    refuse_without_token(config)
    stop = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        listener = None
        if config.telegram.telegram_webhook_url is not None:
            listener = bind(host, port)
            stack.callback(listener.close)
        stack.enter_context(_stopped_by_signals(stop))
        world = await stack.enter_async_context(open_world(config))
        client = await stack.enter_async_context(open_client(config.telegram))
        try:
            me = await _hello(client, config, stop, tell)
            if me is None:
                return
            updates = Updates(client, Conversation(world))
            _start_jobs(world, await stack.enter_async_context(_background(world)))
            async with asyncio.TaskGroup() as group:
                group.create_task(Sending(world, client, stop).run(), name="bot sending")
                if listener is None:
                    here = Running(me.name, None, None)
                    polling = Polling(world, client, updates, stop, tell, lambda: running(here))
                    group.create_task(polling.run(), name="bot polling")
                else:
                    serving = _serve_webhook(
                        world, client, updates, listener, stop, lambda: running(_at(me, host, listener))
                    )
                    group.create_task(serving, name="bot webhook")
        except BaseExceptionGroup as failed:
            raise _single(failed) from failed
        except BadToken:
            raise _bad_token() from None


async def check_bot(config: ServerConfig) -> Me:
    """Ask Telegram whose token it is. Raises ConfigError and TelegramTrouble."""
    refuse_without_token(config)
    async with open_client(config.telegram) as client:
        try:
            me = await client.me()
        except BadToken:
            raise _bad_token() from None
    _refuse_other_name(me, config)
    return me


async def _hello(
    client: TelegramClient, config: ServerConfig, stop: asyncio.Event, tell: Callable[[str], None]
) -> Me | None:
    """Who we are, once Telegram says so; None when the bot was stopped before."""
    told = False
    while not stop.is_set():
        try:
            me = await client.me()
        except BadToken:
            raise
        except TelegramTrouble as trouble:
            if not told:
                tell(f"Telegram does not answer at {config.telegram.telegram_api_url}; trying again")
            told = True
            structlog.get_logger().warning("bot_telegram_unreachable", reason=str(trouble))
            await sleep_until(stop, HELLO_PAUSE_S)
            continue
        _refuse_other_name(me, config)
        try:
            await client.name_commands()
        except TelegramTrouble as trouble:
            structlog.get_logger().warning("bot_commands_not_named", reason=str(trouble))
        return me
    return None


async def _serve_webhook(
    world: BotWorld,
    client: TelegramClient,
    updates: Updates,
    listener: socket.socket,
    stop: asyncio.Event,
    ready: Callable[[], None],
) -> None:
    telegram = world.config.telegram
    url, secret = telegram.telegram_webhook_url or "", telegram.telegram_webhook_secret or ""
    app = webhook_app(url, secret, world.database, updates.take)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=world.config.shutdown_grace_s)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        while not stop.is_set():
            try:
                await client.set_webhook(url, secret)
            except BadToken:
                raise
            except Refused as trouble:
                raise ConfigError(f"Telegram does not take telegram_webhook_url: {trouble}") from None
            except TelegramTrouble as trouble:
                structlog.get_logger().warning("bot_webhook_not_set", reason=str(trouble))
                await sleep_until(stop, HELLO_PAUSE_S)
            else:
                ready()
                await stop.wait()
    finally:
        # Telegram keeps what comes meanwhile: the webhook stays set for the next process.
        await runner.cleanup()


def _start_jobs(world: BotWorld, jobs: BackgroundJobs) -> None:
    if world.config.billing.on:
        jobs.shared(REMINDERS_EVERY, "telegram_reminders", PlanMessages(world).tick)
    jobs.shared(ALERTS_EVERY, "telegram_alerts", RelayAlerts(world).tick)
    jobs.shared(DIGEST_EVERY, "telegram_digest", DailyDigest(world).tick)
    jobs.shared(WAKE_EVERY, "telegram_wake", lambda: wake(world.clock()))
    jobs.every(LOOK_INTERVAL_S, "game_overrides", world.overrides.look)


def _background(world: BotWorld) -> BackgroundJobs:
    return BackgroundJobs(world.database, Metrics(), world.leases)


@contextlib.contextmanager
def _stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    try:
        for number in numbers:
            loop.add_signal_handler(number, stop.set)
    except NotImplementedError:
        # Windows: there Ctrl-C arrives as KeyboardInterrupt, which ends `asyncio.run` and so runs the cleanup.
        yield
        return
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _at(me: Me, host: str, listener: socket.socket) -> Running:
    port = int(listener.getsockname()[1])
    return Running(me.name, f"http://{f'[{host}]' if ':' in host else host}:{port}", port)


def _refuse_other_name(me: Me, config: ServerConfig) -> None:
    name = config.telegram.telegram_bot_name or ""
    if me.name.lower() != name.lower():
        raise ConfigError(f"telegram_bot_name is {name}, but telegram_token is that of {me.name}")


def _single(error: BaseException) -> BaseException:
    """What really happened: a task group wraps it, and ends everything else with the first failure."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return _bad_token() if isinstance(error, BadToken) else error


def _bad_token() -> ConfigError:
    return ConfigError("telegram_token is not (any more) a bot's: ask @BotFather for a new one")
