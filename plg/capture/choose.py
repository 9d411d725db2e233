"""Picking a way to capture: what the user asked for, or the best one that works here."""

import os
import sys
from pathlib import Path

from plg.capture.packet_source import CaptureSpec, CaptureUnavailable, PacketSource
from plg.capture.privilege import Missing, describe_missing, missing_for_divert, missing_for_tun

PREFERENCES = ("auto", "divert", "tun", "proxy")
"""What `--capture` accepts."""


def default_runtime_directory() -> Path:
    """Where journals of running captures live: PLG_RUNTIME_DIR, or a folder that nobody else can write to and that a restart
    of the machine empties where the system has one."""
    given = os.environ.get("PLG_RUNTIME_DIR")
    if given:
        return Path(given)
    if sys.platform.startswith("linux"):
        if os.geteuid() == 0:
            return Path("/run/plg")
        session = os.environ.get("XDG_RUNTIME_DIR")
        if session:
            return Path(session) / "plg"
    import platformdirs

    return platformdirs.user_cache_path("plg") / "run"


def choose_source(
    preference: str,
    spec: CaptureSpec,
    *,
    runtime_directory: Path | None = None,
    listen_port: int = 0,
) -> PacketSource:
    """A source, not yet opened. "auto" takes `divert` when its rights are there, else `tun`; it never takes `proxy`, because a
    game must be pointed at that by hand. `listen_port` is for `proxy` (0: any free one).

    Raises CaptureUnavailable, whose next step offers `proxy`; ValueError for an unknown preference.
    """
    directory = runtime_directory or default_runtime_directory()
    match preference:
        case "divert":
            _refuse_if(missing_for_divert())
            return _divert(directory)
        case "tun":
            _refuse_if(missing_for_tun())
            return _tun(directory)
        case "proxy":
            from plg.capture.proxy_source import ProxySource, single_target

            return ProxySource(single_target(spec), listen_port)
        case "auto":
            missing = missing_for_divert()
            if not missing:
                return _divert(directory)
            if not missing_for_tun():
                return _tun(directory)
            _refuse_if(missing)
    raise ValueError(f"no such way to capture: {preference!r}; there are {', '.join(PREFERENCES)}")


async def open_source(
    preference: str,
    spec: CaptureSpec,
    *,
    runtime_directory: Path | None = None,
    listen_port: int = 0,
) -> PacketSource:
    """A source that is open. "auto" goes on to `tun` when `divert` has every right and the kernel refuses it all the same.

    Raises CaptureUnavailable and ValueError as `choose_source` does.
    """
    source = choose_source(preference, spec, runtime_directory=runtime_directory, listen_port=listen_port)
    try:
        await source.open(spec)
    except CaptureUnavailable:
        if preference != "auto" or source.name != "divert" or missing_for_tun():
            raise
        source = _tun(runtime_directory or default_runtime_directory())
        await source.open(spec)
    return source


def _refuse_if(missing: list[Missing]) -> None:
    if missing:
        raise CaptureUnavailable(*describe_missing(missing))


def _divert(directory: Path) -> PacketSource:
    from plg.capture.divert_source import DivertSource

    return DivertSource(directory)


def _tun(directory: Path) -> PacketSource:
    from plg.capture.tun_source import TunSource

    return TunSource(directory)
