"""Rights and kernel features."""

import gzip
from pathlib import Path

import pytest

from plg.capture.privilege import Missing
from plg.doctor.capture_rights import check_kernel, check_rights, judge_rights, read_kernel_options
from plg.doctor.finding import Verdict
from support.doctor_scene import scene_at
from support.requirements import require_linux

RELEASE = {"/proc/sys/kernel/osrelease": "6.9.0-test\n"}
COMPLETE = {
    **RELEASE,
    "/sys/kernel/btf/vmlinux": "",
    "/dev/net/tun": "",
    "/sys/fs/cgroup/cgroup.controllers": "cpu io\n",
    "/boot/config-6.9.0-test": (
        "CONFIG_BPF_SYSCALL=y\nCONFIG_NET_CLS_ACT=y\nCONFIG_NET_CLS_BPF=m\nCONFIG_CGROUP_BPF=y\nCONFIG_TUN=m\n"
    ),
}
LACKS = Missing("capturing with divert lacks CAP_BPF", "run the command with sudo")


def test_rights_name_the_ways_that_work_or_what_brings_them() -> None:
    assert judge_rights([], []).facts == {"ways": "divert, tun, proxy"}
    assert judge_rights([], [LACKS]).facts == {"ways": "divert, proxy"}
    second = judge_rights([LACKS], [])
    assert (second.verdict, second.code) == (Verdict.OK, "rights_missing_tun_there")
    neither = judge_rights([LACKS, LACKS], [LACKS])
    assert (neither.verdict, neither.facts["remedy"]) == (Verdict.WARN, "run the command with sudo")


async def test_the_rights_of_this_process_are_told(tmp_path: Path) -> None:
    assert (await check_rights(scene_at(tmp_path))).verdict in {Verdict.OK, Verdict.WARN}


async def test_a_complete_kernel(tmp_path: Path) -> None:
    require_linux()
    found = await check_kernel(scene_at(tmp_path, files=COMPLETE))
    assert (found.verdict, found.code) == (Verdict.OK, "kernel_complete")
    assert found.facts == {"release": "6.9.0-test", "cgroup": "v2", "options_known": 5}


async def test_what_the_configuration_denies_is_named_and_tun_is_the_way_out(tmp_path: Path) -> None:
    require_linux()
    text = COMPLETE["/boot/config-6.9.0-test"].replace("CONFIG_NET_CLS_BPF=m", "# CONFIG_NET_CLS_BPF is not set")
    found = await check_kernel(scene_at(tmp_path, files={**COMPLETE, "/boot/config-6.9.0-test": text}))
    assert (found.verdict, found.facts["lacks"]) == (Verdict.WARN, "CONFIG_NET_CLS_BPF")


async def test_a_kernel_without_types_and_without_tun_cannot_capture(tmp_path: Path) -> None:
    require_linux()
    found = await check_kernel(scene_at(tmp_path, files=RELEASE))
    assert (found.verdict, found.facts["lacks"]) == (Verdict.FAIL, "CONFIG_DEBUG_INFO_BTF, /dev/net/tun")


@pytest.mark.parametrize(("path", "version"), [("/sys/fs/cgroup/unified/cgroup.controllers", "hybrid"), ("/proc/cgroups", "v1")])  # fmt: skip
async def test_older_control_groups_are_told_and_not_judged(tmp_path: Path, path: str, version: str) -> None:
    require_linux()
    files = {name: text for name, text in COMPLETE.items() if "cgroup" not in name}
    found = await check_kernel(scene_at(tmp_path, files={**files, path: ""}))
    assert (found.verdict, found.facts["cgroup"]) == (Verdict.OK, version)


@pytest.mark.parametrize("damage", [False, True])
def test_a_packed_configuration_is_read_and_a_damaged_one_is_none(tmp_path: Path, damage: bool) -> None:
    scene = scene_at(tmp_path, files=RELEASE)
    packed = gzip.compress(b"CONFIG_TUN=y\n# CONFIG_BPF_SYSCALL is not set\n")
    (tmp_path / "proc/config.gz").write_bytes(packed[:-12] if damage else packed)
    expected = {} if damage else {"CONFIG_TUN": "y", "CONFIG_BPF_SYSCALL": "n"}
    assert read_kernel_options(scene, "6.9.0-test") == expected
