"""An unmodified little "game" for capture tests: sends numbered datagrams at a rate, notes what comes back and when.

Run as a program of its own, also under other names; prints one JSON object at the end. Knows nothing of the tunnel.
"""

import argparse
import json
import select
import socket
import sys
import time

UDP_SEGMENT = 103
"""Socket option of linux/udp.h: the kernel cuts what we write into datagrams of this size."""


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("host")
    options.add_argument("port", type=int)
    options.add_argument("--count", type=int, default=20)
    options.add_argument("--rate", type=float, default=200.0)
    options.add_argument("--bytes", type=int, default=0)
    options.add_argument("--wait", type=float, default=1.0)
    options.add_argument("--segment", type=int, default=0)
    options.add_argument("--device", default="")
    options.add_argument("--unconnected", action="store_true")
    options.add_argument("--burst", type=int, default=1)
    given = options.parse_args()

    family = socket.AF_INET6 if ":" in given.host else socket.AF_INET
    game = socket.socket(family, socket.SOCK_DGRAM)
    game.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    if given.device:
        game.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, given.device.encode())
    if given.segment:
        game.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, given.segment)
    server = (given.host, given.port)
    if not given.unconnected:
        game.connect(server)
    game.setblocking(False)

    sent_at: dict[int, float] = {}
    answers: list[tuple[str, int, float]] = []
    sent = refused = 0
    sizes: set[int] = set()

    def listen(until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            readable, _, _ = select.select([game], [], [], left)
            if not readable:
                return
            try:
                data = game.recv(1 << 17)
            except OSError:
                continue
            sizes.add(len(data))
            way, number = data[:16].split()[:2]
            answers.append((way.decode(), int(number), time.monotonic() - sent_at.get(int(number), time.monotonic())))

    print("started", game.getsockname()[1], flush=True, file=sys.stderr)
    begin = time.monotonic()
    while sent < given.count:
        for _ in range(min(given.burst, given.count - sent)):
            # With --segment one write is many datagrams; each begins with its own number.
            count = max(1, given.bytes // given.segment) if given.segment else 1
            size = given.segment or given.bytes
            payload = b"".join((b"%08d " % (sent + index)).ljust(size, b".") for index in range(count))
            sent_at.update({sent + index: time.monotonic() for index in range(count)})
            try:
                if given.unconnected:
                    game.sendto(payload, server)
                else:
                    game.send(payload)
            except OSError:
                refused += 1
            sent += count
        listen(begin + sent / given.rate)
    deadline = time.monotonic() + given.wait
    while len(answers) < sent and time.monotonic() < deadline:
        listen(min(deadline, time.monotonic() + 0.05))
    print(
        json.dumps(
            {
                "sent": sent,
                "refused": refused,
                "local_port": game.getsockname()[1],
                "answers": answers,
                "sizes": sorted(sizes),
                "sent_at": [sent_at[number] - begin for number in range(sent)],
            }
        )
    )


if __name__ == "__main__":
    main()
