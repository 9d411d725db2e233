"""Work that blocks, off the event loop, and never left half done: a cancelled caller waits for its end and throws its fruit away."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def run_to_end(work: Callable[[], Result], discard: Callable[[Result], None] | None = None) -> Result:
    """The result of `work`, which runs in a thread. Raises what it raises.

    When the caller is cancelled meanwhile, the work still ends first; `discard` then gets its result, and the cancellation goes on.
    """
    running = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        result = await running
        if discard is not None:
            discard(result)
        raise
