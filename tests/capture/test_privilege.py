"""Missing rights are named, with the way to get them."""

import os
import sys
from pathlib import Path

import pytest

from plg.capture import privilege
from plg.capture.privilege import (
    Missing,
    describe_missing,
    held_capabilities,
    missing_for_divert,
    missing_for_tun,
)
from support.requirements import require_linux, require_root


def status_file(tmp_path: Path, bits: int) -> Path:
    path = tmp_path / "status"
    path.write_text(f"Name:\tx\nCapPrm:\tffff\nCapEff:\t{bits:016x}\n")
    return path


def test_capabilities_in_effect_are_read(tmp_path: Path) -> None:
    assert held_capabilities(status_file(tmp_path, 1 << 12 | 1 << 39 | 1)) == {"CAP_NET_ADMIN", "CAP_BPF"}
    assert held_capabilities(tmp_path / "missing") == frozenset()
    (tmp_path / "status").write_text("CapEff:\tnonsense\n")
    assert held_capabilities(tmp_path / "status") == frozenset()


@pytest.mark.parametrize(
    ("held", "lacking"),
    [
        (set(), "CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, CAP_NET_RAW"),
        # The three that pydivert's documentation names are one too few.
        ({"CAP_BPF", "CAP_NET_ADMIN", "CAP_NET_RAW"}, "CAP_PERFMON"),
        ({"CAP_SYS_ADMIN", "CAP_NET_ADMIN"}, "CAP_NET_RAW"),
    ],
)
def test_divert_names_each_capability_that_lacks(monkeypatch: pytest.MonkeyPatch, held: set[str], lacking: str) -> None:
    require_linux()
    monkeypatch.setattr(privilege, "held_capabilities", lambda: frozenset(held))
    assert f"capturing with divert lacks {lacking}" in [item.what for item in missing_for_divert()]


@pytest.mark.parametrize(
    "held",
    [{"CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN", "CAP_NET_RAW"}, {"CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_NET_RAW"}],
)
def test_the_rights_that_suffice_do(monkeypatch: pytest.MonkeyPatch, held: set[str]) -> None:
    require_linux()
    monkeypatch.setattr(privilege, "held_capabilities", lambda: frozenset(held))
    monkeypatch.setattr(privilege, "KERNEL_TYPES", Path(os.devnull))
    assert missing_for_divert() == []


def test_a_kernel_without_types_sends_to_tun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    require_root()
    monkeypatch.setattr(privilege, "KERNEL_TYPES", tmp_path / "missing")
    missing = missing_for_divert()
    assert "does not describe its types" in missing[0].what
    assert "--capture tun" in missing[0].remedy


def test_tun_names_the_device_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    require_linux()
    monkeypatch.setattr(privilege, "TUN_DEVICE", tmp_path / "tun")
    assert any("modprobe tun" in item.remedy for item in missing_for_tun())


def test_every_description_ends_with_the_way_that_needs_no_rights() -> None:
    message, step = describe_missing([Missing("a is missing", "do b"), Missing("c too", "do b")])
    assert message == "a is missing; c too"
    assert step == "do b; or use --capture proxy, which needs no rights"


def test_another_system_is_told_what_works_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "proxy" in describe_missing(missing_for_divert())[1]
    assert "Linux only" in describe_missing(missing_for_tun())[0]
