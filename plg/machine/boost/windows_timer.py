"""Timers of half a millisecond on Windows, as long as this process wants them. Written to the documentation; not run on Linux.

NtSetTimerResolution (ntdll; the finer sister of the documented timeBeginPeriod) counts in units of 100 ns and holds until the process that
asked lets go or ends, so nothing of it outlives a crash. Since Windows 11 it reaches other processes only with the registry value of the
tweak `timer`.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

HALF_A_MILLISECOND: Final = 5_000
"""Specification (NtSetTimerResolution): units of 100 ns."""

SetResolution = Callable[[int, bool, Any], int]
"""NtSetTimerResolution(desired, set, pointer to the current one): 0 on success."""


@contextmanager
def fine_timers(system: str, set_resolution: SetResolution | None = None) -> Iterator[bool]:
    """Inside, timers are fine; gives whether the system granted it. Elsewhere than on Windows it does nothing."""
    if system != "win32":
        yield False
        return
    call = set_resolution or _ntdll()
    current = ctypes.c_ulong()
    granted = call(HALF_A_MILLISECOND, True, ctypes.byref(current)) == 0
    try:
        yield granted
    finally:
        if granted:
            call(HALF_A_MILLISECOND, False, ctypes.byref(current))


def _ntdll() -> SetResolution:
    library = getattr(ctypes, "windll").ntdll  # noqa: B009 - other systems' type descriptions have no such name

    def call(desired: int, wanted: bool, current: Any) -> int:
        return int(library.NtSetTimerResolution(desired, wanted, current))

    return call
