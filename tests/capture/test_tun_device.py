"""A device that lives exactly as long as its descriptor."""

import pytest

from plg.capture import tun_device
from plg.capture.packet_source import CaptureUnavailable
from plg.capture.tun_device import TunDevice
from support.capture_bench import CaptureBench


@pytest.mark.netns
def test_packets_come_out_and_go_in_and_the_device_vanishes(bench: CaptureBench) -> None:
    code = """
import json, socket, subprocess
from plg.capture.ip_udp import build_udp, parse_udp
from plg.capture.tun_device import TunDevice
def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=True).stdout
device, second = TunDevice(), TunDevice()
names = [device.name, second.name]
second.close()
shown = ip("link", "show", "dev", device.name)
ip("route", "add", "198.51.100.0/24", "dev", device.name, "src", "10.77.1.2")
game = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
game.settimeout(5)
game.connect(("198.51.100.7", 27960))
game.send(b"z" * 20000)
packet = None
while packet is None:
    data = device.read()
    packet = parse_udp(data, 0, len(data)) if data else None
size = packet.end - packet.payload_offset
written = device.write(build_udp(packet.destination, packet.source, 27960, packet.source_port, b"reply"))
reply = game.recv(100).decode()
refused = device.write(bytes(9))
device.close()
device.close()
print(json.dumps([names, "mtu 65535" in shown and "UP" in shown, size, written, reply, refused, ip("link")]))
"""
    names, is_up, size, written, reply, refused, links = bench.run_inside(code)
    assert names == ["plg0", "plg1"]
    assert (is_up, size, written, reply, refused) == (True, 20000, True, "reply", False)
    assert "plg0" not in links
    assert ": plg1:" not in links


def test_a_missing_driver_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tun_device, "TUN_DEVICE", "/dev/null/tun")
    with pytest.raises(CaptureUnavailable, match="cannot open /dev/null/tun") as error:
        TunDevice()
    assert "--capture proxy" in error.value.next_step
