"""Fine timers: asked for, and let go. Windows itself was not run."""

from typing import Any

import pytest

from plg.machine.boost.windows_timer import fine_timers


@pytest.mark.parametrize("granted", [True, False])
def test_what_was_asked_for_is_let_go_and_what_was_not_granted_is_not(granted: bool) -> None:
    calls: list[tuple[int, bool]] = []

    def nt_set_timer_resolution(desired: int, wanted: bool, _current: Any) -> int:
        calls.append((desired, wanted))
        return 0 if granted else -1073741811

    with fine_timers("win32", nt_set_timer_resolution) as fine:
        assert fine is granted
    assert calls == ([(5000, True), (5000, False)] if granted else [(5000, True)])


def test_elsewhere_nothing_is_asked() -> None:
    with fine_timers("linux") as fine:
        assert not fine
