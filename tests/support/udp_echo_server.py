"""The other end of `udp_game`: answers every datagram with "direct " and its first bytes, padded to the same size.

Prints "ready" and then nothing; on SIGTERM one JSON object with what it saw.
"""

import argparse
import json
import signal
import socket
import sys
from types import FrameType


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("port", type=int)
    given = options.parse_args()
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    server.bind(("::", given.port))
    numbers: list[int] = []
    sizes: set[int] = set()

    def tell(_number: int, _frame: FrameType | None) -> None:
        print(json.dumps({"numbers": numbers, "sizes": sorted(sizes)}), flush=True)
        sys.exit(0)

    signal.signal(signal.SIGTERM, tell)
    print("ready", flush=True)
    while True:
        data, address = server.recvfrom(1 << 17)
        numbers.append(int(data[:8]))
        sizes.add(len(data))
        answer = b"direct " + data[:8]
        server.sendto(answer.ljust(len(data)), address)


if __name__ == "__main__":
    main()
