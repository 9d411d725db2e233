"""Which way is taken, and what is said when none can be."""

import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from plg.capture import choose
from plg.capture.choose import choose_source, default_runtime_directory, open_source
from plg.capture.packet_source import CaptureRule, CaptureSpec, CaptureUnavailable, PortSpan
from plg.capture.privilege import Missing
from support.requirements import require_linux

SPEC = CaptureSpec((CaptureRule((ip_network("192.0.2.1/32"),), (PortSpan(27960, 27960),)),))
NO_DIVERT = [Missing("capturing with divert lacks CAP_BPF", "run the command with sudo")]
NO_TUN = [Missing("capturing with tun lacks CAP_NET_ADMIN", "run the command with sudo")]


def allow(monkeypatch: pytest.MonkeyPatch, divert: list[Missing], tun: list[Missing]) -> None:
    monkeypatch.setattr(choose, "missing_for_divert", lambda: divert)
    monkeypatch.setattr(choose, "missing_for_tun", lambda: tun)


@pytest.mark.parametrize(
    ("preference", "divert", "tun", "chosen"),
    [
        ("auto", [], [], "divert"),
        ("auto", NO_DIVERT, [], "tun"),
        ("divert", [], NO_TUN, "divert"),
        ("tun", NO_DIVERT, [], "tun"),
        ("proxy", NO_DIVERT, NO_TUN, "proxy"),
    ],
)
def test_the_best_way_that_works_is_taken(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    preference: str,
    divert: list[Missing],
    tun: list[Missing],
    chosen: str,
) -> None:
    allow(monkeypatch, divert, tun)
    assert choose_source(preference, SPEC, runtime_directory=tmp_path).name == chosen


@pytest.mark.parametrize("preference", ["auto", "divert"])
def test_without_rights_the_next_step_offers_the_proxy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, preference: str
) -> None:
    allow(monkeypatch, NO_DIVERT, NO_TUN)
    with pytest.raises(CaptureUnavailable, match="lacks CAP_BPF") as error:
        choose_source(preference, SPEC, runtime_directory=tmp_path)
    assert error.value.next_step == "run the command with sudo; or use --capture proxy, which needs no rights"


def test_an_unknown_way_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="auto, divert, tun, proxy"):
        choose_source("magic", SPEC, runtime_directory=tmp_path)


async def test_the_proxy_opens_without_any_right(tmp_path: Path) -> None:
    source = await open_source("proxy", SPEC, runtime_directory=tmp_path)
    assert source.name == "proxy"
    await source.close()


def test_the_runtime_directory_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLG_RUNTIME_DIR", str(tmp_path))
    assert default_runtime_directory() == tmp_path


def test_root_and_users_have_folders_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    require_linux()
    monkeypatch.delenv("PLG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_runtime_directory() == Path("/run/plg")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert default_runtime_directory() == tmp_path / "plg"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert default_runtime_directory().parts[-2:] == ("plg", "run")
