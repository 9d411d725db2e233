"""A game server as query protocols see it: A2S_INFO with a challenge and getinfo, in a thread of its own.

Run as a program (`python query_server.py HOST PORT [DELAY_S]`) it is a process in somebody else's network namespace.
"""

import secrets
import socket
import sys
import threading
import time
from types import TracebackType
from typing import Self

A2S_QUESTION = b"\xff\xff\xff\xffTSource Engine Query\x00"
GETINFO = b"\xff\xff\xff\xffgetinfo "
POLL_S = 0.05


class QueryServer:
    """`delay_s` before each answer; `sources` are the addresses that asked."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        self.sources: set[tuple[str, int]] = set()
        self.silent = False
        self._challenge = secrets.token_bytes(4)
        self._stopping = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self._socket.settimeout(POLL_S)
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self.serve, name="query server")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self._socket.close()

    def serve(self) -> None:
        while not self._stopping.is_set():
            try:
                question, source = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            except OSError:
                continue  # a player has closed his port
            self.sources.add(source)
            answer = self._answer(question)
            if answer is None or self.silent:
                continue
            if self.delay_s:
                time.sleep(self.delay_s)
            self._socket.sendto(answer, source)

    def _answer(self, question: bytes) -> bytes | None:
        if question == A2S_QUESTION:
            return b"\xff\xff\xff\xffA" + self._challenge
        if question == A2S_QUESTION + self._challenge:
            return b"\xff\xff\xff\xffI\x11Query Test\x00hill\x00game\x00A Game\x00\x00\x00\x03\x10\x00dl\x00\x011.0\x00"
        if question.startswith(GETINFO):
            word = question[len(GETINFO) :].decode()
            facts = f"\\challenge\\{word}\\hostname\\Query Test\\mapname\\hill\\clients\\3\\sv_maxclients\\16"
            return b"\xff\xff\xff\xffinfoResponse\n" + facts.encode()
        return None


if __name__ == "__main__":
    QueryServer(sys.argv[1], int(sys.argv[2]), delay_s=float((sys.argv[3:] or ["0"])[0])).serve()
