"""One server for much that is asked of it: a start costs more than most requests, and so does a password's hash, which is cheap here."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from plg_server.app import create_app
from plg_server.config import load_config
from plg_server.ids import utc_now
from plg_server.services import passwords
from support.api_driver import ApiDriver

ANSWER_WAIT_S = 60.0
"""A busy machine has needed ten."""


@asynccontextmanager
async def shared_server(
    data_dir: Path, settings: Mapping[str, object] | None = None, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[ApiDriver]:
    """Serves with its data in `data_dir`, rate limits off unless the settings say otherwise, until the block ends."""
    config = load_config(None, {}, {"data_dir": str(data_dir), "rate_limits_on": False, **(settings or {})})
    server = TestServer(create_app(config, clock))
    client = TestClient(server, timeout=aiohttp.ClientTimeout(total=ANSWER_WAIT_S))
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(passwords, "MEMORY_KIB", 8)  # the least that argon2 takes
            patch.setattr(passwords, "PASSES", 1)
            await server.start_server(auto_decompress=False)  # as `serving` does
        yield ApiDriver(client)
    finally:
        await client.close()
