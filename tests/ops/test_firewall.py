"""The nftables recipe: the kernel accepts it, and it stops what it says and nothing else."""

import json
import subprocess
import sys

from plg.protocol.constants import HELLO_LENGTH, PROBE_LENGTH, TYPE_HELLO, TYPE_LPING
from plg.protocol.header import DATA_UP, outer_byte
from support.requirements import require_binary, require_root
from support.source_tree import ROOT

RECIPE = ROOT / "ops" / "nftables" / "plg-relay.nft"

FLOOD = """
import json, socket, subprocess, sys
recipe, first_byte, length, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
for _ in range(2):  # loading it again must replace the table, not add to it
    subprocess.run(["nft", "-f", recipe], check=True)
relay = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
relay.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
relay.bind(("127.0.0.1", 443))
relay.setblocking(False)
flood = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
arrived = 0
for _ in range(count):
    flood.sendto(bytes([first_byte]).ljust(length, b"x"), ("127.0.0.1", 443))
    try:
        arrived += len(relay.recv(2048)) == length
    except BlockingIOError:
        pass
print(json.dumps(arrived))
"""


def arrivals(first_byte: int, length: int, count: int) -> int:
    """How many of `count` such datagrams, sent at once from one source, pass the recipe in a namespace of its own."""
    require_root()
    done = subprocess.run(
        [
            require_binary("unshare"),
            "--net",
            sys.executable,
            "-c",
            FLOOD,
            RECIPE,
            str(first_byte),
            str(length),
            str(count),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return int(json.loads(done.stdout))


def test_the_kernel_accepts_the_recipe() -> None:
    require_root()
    done = subprocess.run([require_binary("nft"), "-c", "-f", RECIPE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_flood_of_hellos_from_one_source_is_cut_to_its_burst() -> None:
    require_binary("nft")
    assert 60 <= arrivals(outer_byte(TYPE_HELLO), HELLO_LENGTH, 1000) < 200


def test_a_flood_of_probes_from_one_source_is_cut_to_its_burst() -> None:
    require_binary("nft")
    assert 120 <= arrivals(outer_byte(TYPE_LPING), PROBE_LENGTH, 1000) < 300


def test_game_data_passes_untouched() -> None:
    require_binary("nft")
    assert arrivals(DATA_UP, 131, 1000) == 1000
