"""One key from a person at a terminal, without Enter, while the program's other work goes on."""

import asyncio
import os
import sys

END_OF_INPUT = "\x04"
"""What is given when nobody will press a key any more (Ctrl-D, a terminal that went away)."""

LOOK_S = 0.05
"""Windows' console cannot be waited for by the event loop: so often it is asked for a key."""

MAX_KEY_BYTES = 64
"""A key is a few bytes; what is pasted at once counts by its first character."""


def can_ask(*, no_input: bool) -> bool:
    """Whether somebody sits there who can be asked."""
    return not no_input and sys.stdin.isatty() and sys.stderr.isatty()


async def pressed_key(question: str) -> str:
    """Shows `question` on stderr and gives the key in lower case. The terminal is left as it was, also after Ctrl-C."""
    sys.stderr.write(question)
    sys.stderr.flush()
    if sys.platform == "win32":
        key = await _windows_key()
    else:
        key = await _terminal_key(sys.stdin.fileno())
    sys.stderr.write((key if key.isprintable() else "") + "\n")
    sys.stderr.flush()
    return key.lower()


if sys.platform == "win32":

    async def _windows_key() -> str:
        import msvcrt

        while not msvcrt.kbhit():  # noqa: ASYNC110 - the console has nothing to wait for
            await asyncio.sleep(LOOK_S)
        return msvcrt.getwch()

else:

    async def _terminal_key(descriptor: int) -> str:
        import termios
        import tty

        loop = asyncio.get_running_loop()
        before = termios.tcgetattr(descriptor)
        readable = asyncio.Event()
        tty.setcbreak(descriptor)
        loop.add_reader(descriptor, readable.set)
        try:
            await readable.wait()
            pressed = os.read(descriptor, MAX_KEY_BYTES)
        except OSError:
            return END_OF_INPUT
        finally:
            loop.remove_reader(descriptor)
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        return pressed.decode("utf-8", "replace")[:1] or END_OF_INPUT
