"""Other programs' filters, queues and VPNs: copied trees, and one real filter in a namespace of its own."""

import json
import sys
from pathlib import Path

import pytest

from plg.capture.leavings import Leavings
from plg.capture.linux_links import BpfFilter
from plg.doctor.finding import Verdict
from plg.doctor.other_programs import (
    Standing,
    check_filters,
    check_vpn,
    interface_towards,
    judge_standing,
    own_programs,
    read_queues,
    vpn_interfaces,
)
from plg.lab.namespaces import Lab
from support.doctor_scene import scene_at
from support.requirements import require_binary, require_linux, require_root

IN_A_HOST = """
import asyncio, json, pathlib
from plg.doctor.other_programs import check_filters
from support.doctor_scene import scene_at
found = asyncio.run(check_filters(scene_at(pathlib.Path("/nowhere"))))
print(json.dumps([found.verdict, found.code, dict(found.facts)]))
"""


# A program that passes every packet on: bpf(2) with BPF_PROG_LOAD, then a filter of kind bpf at the hook for what goes out (tc-bpf(8)).
ATTACHES = """
import ctypes, platform, socket, struct
from plg.capture.linux_links import EGRESS_PARENT, ETH_P_ALL, TCA_KIND, TCA_OPTIONS
from plg.capture.netlink import CREATE, EXCLUSIVE, Netlink, attribute, attribute_u32
program = ctypes.create_string_buffer(bytes.fromhex("b7000000ffffffff9500000000000000"))
licence = ctypes.create_string_buffer(b"GPL")
wanted = struct.pack("=IIQQIIQII16s", 3, 2, ctypes.addressof(program), ctypes.addressof(licence), 0, 0, 0, 0, 0, b"foreign")
call = {"x86_64": 321, "aarch64": 280}[platform.machine()]
descriptor = ctypes.CDLL(None, use_errno=True).syscall(call, 5, wanted, len(wanted))
assert descriptor > 0, ctypes.get_errno()
options = attribute_u32(6, descriptor) + attribute(7, b"foreign\\0") + attribute_u32(8, 1)
header = struct.pack("=BxHiIII", 0, 0, socket.if_nametoindex("eth0"), 1, EGRESS_PARENT, 1 << 16 | socket.htons(ETH_P_ALL))
with Netlink() as netlink:
    netlink.change(44, header + attribute(TCA_KIND, b"bpf\\0") + attribute(TCA_OPTIONS, options), CREATE | EXCLUSIVE)
"""


def test_rules_alone_are_usual_and_programs_on_the_interfaces_are_not() -> None:
    assert judge_standing(Standing((), (), (5210,))).verdict is Verdict.OK
    found = judge_standing(Standing(("eth0:cil_from_netdev",), (0,), ()))
    assert (found.verdict, found.facts) == (
        Verdict.WARN,
        {"filters": "eth0:cil_from_netdev", "queues": "0", "rules": "-"},
    )
    assert judge_standing(Standing(tuple("abcdefg"), (), ())).facts["filters"] == "a, b, c, d, e +2"


@pytest.mark.netns
def test_a_foreign_filter_and_a_foreign_rule_are_found_where_they_are() -> None:
    require_root()
    for binary in ("ip", "tc"):
        require_binary(binary)
    with Lab() as lab:
        host = lab.add_host("client")

        def look() -> list[object]:
            done = host.run([sys.executable, "-c", IN_A_HOST], env={"PYTHONPATH": str(Path(__file__).parents[1])})
            answer = json.loads(done.stdout)
            assert isinstance(answer, list)
            return answer

        assert look()[0] == "ok"
        host.run(["ip", "rule", "add", "fwmark", "51820", "lookup", "51820", "priority", "30000"])
        host.run(["tc", "qdisc", "add", "dev", "eth0", "clsact"])
        host.run([sys.executable, "-c", ATTACHES])
        assert look() == ["warn", "filters_others", {"filters": "eth0:foreign", "queues": "-", "rules": "30000"}]


async def test_on_this_machine_the_check_gives_a_verdict(tmp_path: Path) -> None:
    found = await check_filters(scene_at(tmp_path))
    assert found.verdict in {Verdict.OK, Verdict.WARN, Verdict.UNKNOWN}


def test_queues_with_a_listener_are_read_from_the_kernels_list(tmp_path: Path) -> None:
    text = "    0  29021     0 2 65531     0     0        0  1\n  200 -4137     3 2 65531     0     0       12  1\n"
    scene = scene_at(tmp_path, files={"/proc/net/netfilter/nfnetlink_queue": text})
    assert read_queues(scene) == (0, 200)
    assert read_queues(scene_at(tmp_path / "empty")) == ()
    (tmp_path / "closed/proc/net/netfilter/nfnetlink_queue").mkdir(parents=True)  # what cannot be read, whoever asks
    assert read_queues(scene_at(tmp_path / "closed")) is None
    assert judge_standing(Standing((), None, ())).code == "filters_none_seen"


def test_our_own_programs_are_those_that_captures_have_written_down(tmp_path: Path) -> None:
    document = {"leavings": Leavings(filters=(BpfFilter(2, 1, 1, 1, 77, "plg"),)).to_json()}
    (tmp_path / "capture-1.json").write_text(json.dumps(document))
    (tmp_path / "capture-2.json").write_text("{")
    (tmp_path / "capture-3.json").symlink_to(tmp_path / "capture-1.json")
    assert own_programs((tmp_path, tmp_path / "none")) == {77}


def interface(root: Path, name: str, **files: str) -> None:
    folder = root / "sys/class/net" / name
    folder.mkdir(parents=True)
    for file, content in {"flags": "0x1003", "type": "1", "uevent": f"INTERFACE={name}\n", **files}.items():
        (folder / file).write_text(content)


def test_vpns_are_known_by_their_kind_and_not_by_their_name(tmp_path: Path) -> None:
    interface(tmp_path, "eth0")
    interface(tmp_path, "tun0", tun_flags="0x1002")
    interface(tmp_path, "office", uevent="DEVTYPE=wireguard\nINTERFACE=office\n")
    interface(tmp_path, "ppp0", type="512")
    interface(tmp_path, "tun-down", tun_flags="0x1002", flags="0x1002")
    interface(tmp_path, "plg0", tun_flags="0x1002")
    interface(tmp_path, "odd", flags="what")
    assert vpn_interfaces(tmp_path / "sys/class/net") == ["office", "ppp0", "tun0"]
    assert vpn_interfaces(tmp_path / "none") == []


async def test_a_vpn_beside_the_way_is_told_and_without_one_all_is_well(tmp_path: Path) -> None:
    require_linux()
    assert (await check_vpn(scene_at(tmp_path))).code == "vpn_none"
    interface(tmp_path, "tun0", tun_flags="0x1002")
    found = await check_vpn(scene_at(tmp_path))
    assert (found.verdict, found.facts) == (Verdict.OK, {"interfaces": "tun0"})


def test_the_way_to_this_machine_itself_leads_through_its_loopback() -> None:
    require_linux()
    assert interface_towards("127.0.0.1") == "lo"
    assert interface_towards("localhost") == "lo"
    assert interface_towards("no-such-relay.invalid") is None
    assert interface_towards("x" * 300) is None
