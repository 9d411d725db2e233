"""`plg bot run` as a process of its own, beside a fake Telegram in the test's loop."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.bot_world import LIMIT_S, eventually

START_S = 90.0
"""Importing aiogram takes seconds; two busy cores need more."""


@dataclass(frozen=True)
class BotProcess:
    """A bot that said that it answers, unless it was not waited for."""

    process: asyncio.subprocess.Process
    out: Path
    err: Path

    @property
    def running(self) -> Any:
        """The document that says so."""
        return json.loads(self.out.read_text(encoding="utf-8").splitlines()[0])

    def said(self) -> str:
        """Everything on standard output and error."""
        return self.out.read_text(encoding="utf-8") + self.err.read_text(encoding="utf-8")

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(number)
        async with asyncio.timeout(LIMIT_S):
            return await self.process.wait()


@asynccontextmanager
async def running_bot(folder: Path, settings: Mapping[str, str], *, until: str = "out") -> AsyncIterator[BotProcess]:
    """Run it with these PLG_SERVER_* settings until the block ends, at the latest. `until`: "out" or "err" has its first line."""
    await asyncio.to_thread(folder.mkdir)
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    chosen = {"log_format": "json", **settings}
    environ = {
        **kept,
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONWARNINGS": "error",
        **{f"PLG_SERVER_{name.upper()}": value for name, value in chosen.items()},
    }
    out, err = folder / "out", folder / "err"
    with out.open("wb") as out_file, err.open("wb") as err_file:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "plg",
            "bot",
            "run",
            "--port",
            "0",
            "--json",
            env=environ,
            stdout=out_file,
            stderr=err_file,
        )
    bot = BotProcess(process, out, err)
    try:
        waited_for = out if until == "out" else err
        await eventually(lambda: waited_for.stat().st_size or process.returncode is not None, START_S)
        assert process.returncode is None, bot.said()
        yield bot
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
