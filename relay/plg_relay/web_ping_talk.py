"""One browser's connection to the ping endpoint: bytes in, bytes out (HTTP/1.1, RFC 9112). No sockets, no clock.

It knows one address and no bodies, so there is no more of HTTP here than a refusal needs.
"""

import re
from collections import Counter
from typing import Final

HEAD_LIMIT_BYTES = 8192
"""Browsers send under 1 KB; who has visited other services of this host sends their cookies too."""

REQUESTS_PER_CONNECTION = 32
"""A visit measures each relay less than ten times; then the connection ends, so that one of them costs a bounded amount."""

PATH = b"/ping"

_HEADERS: Final = b"Access-Control-Allow-Origin: *\r\nTiming-Allow-Origin: *\r\nCache-Control: no-store\r\n"
PONG: Final = b"HTTP/1.1 204 No Content\r\n" + _HEADERS
ALLOWED: Final = PONG + b"Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\nAccess-Control-Max-Age: 600\r\n"
CLOSING: Final = b"Connection: close\r\n"

_REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) (/[!-~]{0,1024}) HTTP/1\.([01])")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")

_REFUSALS: Final = {
    "malformed": b"400 Bad Request",
    "body": b"400 Bad Request",
    "not_found": b"404 Not Found",
    "method": b"405 Method Not Allowed",
    "too_long": b"431 Request Header Fields Too Large",
}


class PingTalk:
    """Feed it what arrives. `outcomes` counts "answered" and every reason of a refusal."""

    def __init__(self, outcomes: Counter[str]) -> None:
        self._outcomes = outcomes
        self._pending = b""
        self._left = REQUESTS_PER_CONNECTION

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """What to send, and whether the connection ends after it. Never called again after it has said so."""
        self._pending += data
        answers = []
        while (end := self._pending.find(b"\r\n\r\n", 0, HEAD_LIMIT_BYTES)) >= 0:
            head, self._pending = self._pending[:end], self._pending[end + 4 :]
            self._left -= 1
            answer, ends = self._answer(head)
            answers.append(answer)
            if ends:
                return b"".join(answers), True
        if len(self._pending) >= HEAD_LIMIT_BYTES:
            return b"".join([*answers, self._refuse("too_long")]), True
        return b"".join(answers), False

    def _answer(self, head: bytes) -> tuple[bytes, bool]:
        line, *rest = head.split(b"\r\n")
        request = _REQUEST_LINE.fullmatch(line)
        fields: dict[bytes, list[bytes]] = {}
        for text in rest:
            field = _FIELD.fullmatch(text)
            if field is None:
                return self._refuse("malformed"), True
            fields.setdefault(field[1].lower(), []).append(field[2].strip().lower())
        if request is None or (request[3] == b"1" and len(fields.get(b"host", [])) != 1):
            return self._refuse("malformed"), True
        # What follows a body's head would be read as the next request: so there are no bodies here.
        if b"transfer-encoding" in fields or any(length != b"0" for length in fields.get(b"content-length", [])):
            return self._refuse("body"), True
        if request[2].partition(b"?")[0] != PATH:
            return self._refuse("not_found"), True
        if request[1] not in (b"GET", b"HEAD", b"OPTIONS"):
            return self._refuse("method"), True
        self._outcomes["answered"] += 1
        wishes = b",".join(fields.get(b"connection", []))
        ends = self._left <= 0 or request[3] == b"0" or b"close" in wishes
        answer = ALLOWED if request[1] == b"OPTIONS" else PONG
        return answer + (CLOSING if ends else b"") + b"\r\n", ends

    def _refuse(self, reason: str) -> bytes:
        self._outcomes[reason] += 1
        allow = b"Allow: GET, HEAD, OPTIONS\r\n" if reason == "method" else b""
        return b"HTTP/1.1 " + _REFUSALS[reason] + b"\r\nContent-Length: 0\r\n" + allow + CLOSING + b"\r\n"
