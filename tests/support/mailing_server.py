"""A real server that sends e-mail into a sink, for tests of the commands: each in threads."""

import contextlib
import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from plg.api.server_client import open_server
from plg.cli.server_access import run_async
from plg.contract.accounts import LoginRequest, RegisterRequest
from plg_server.app import create_app
from plg_server.config import load_config
from plg_server.services import passwords
from plg_server.services.game_catalog import build_catalog
from plg_server.services.game_files import GameFiles
from support.local_server import serving
from support.operated_server import migrated_folder
from support.smtp_sink import Received, SmtpSink, smtp_sink

PASSWORD = "correct horse battery"

WAIT_S = 20.0


@dataclass(frozen=True)
class MailingServer:
    """Its address and where its e-mails arrive."""

    url: str
    sink: SmtpSink

    def sign_up(self, email: str) -> dict[str, str]:
        """Make an account; the variables with which `plg` is signed in."""

        async def work() -> str:
            async with open_server(self.url) as client:
                await client.register(RegisterRequest(email=email, password=PASSWORD))
                return (await client.login(LoginRequest(email=email, password=PASSWORD))).access_token

        return {"PLG_SERVER": self.url, "PLG_TOKEN": run_async(work())}

    def mail(self, address: str, number: int = 1) -> Received:
        """The e-mail of this number to the address, as soon as it is there."""
        end_s = time.monotonic() + WAIT_S
        while len(self.sink.to(address)) < number:
            assert time.monotonic() < end_s, f"no e-mail to {address}"
            time.sleep(0.02)
        return self.sink.to(address)[number - 1]


@contextmanager
def mailing_server(folder: Path) -> Iterator[MailingServer]:
    """Its outbox is looked at all the time, and hashing passwords costs nothing."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with smtp_sink(folder) as sink, contextlib.ExitStack() as stack:
        # For its start only: other tests of this process start servers with games while it runs.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("plg_server.mail_network.TICK_S", 0.05)
            patch.setattr(passwords, "MEMORY_KIB", 8)
            patch.setattr(passwords, "PASSES", 1)
            # Nothing is played here, and 270 profiles take longer to read than all the rest.
            patch.setattr("plg_server.game_network.load_catalog", lambda _config: build_catalog(GameFiles()))
            settings = sink.settings(data_dir=str(folder), rate_limits_on=False)
            shutil.copy(Path(migrated_folder().name) / "server.sqlite3", folder)
            url = stack.enter_context(serving(create_app(load_config(None, {}, settings))))
        yield MailingServer(url, sink)
