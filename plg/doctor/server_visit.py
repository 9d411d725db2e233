"""One visit at the server, step by step, so that the step that fails is known: name, connection, TLS, answer.

Plain asyncio streams: the checks want the time and the certificate of every step, which an HTTP library hides. Sources: RFC 9110 (Date,
section 6.6.1), RFC 9112 (messages), RFC 8446 (TLS).
"""

import asyncio
import contextlib
import errno
import re
import socket
import ssl
import time
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from plg import __version__

STEP_S = 5.0
"""Implementation. As long as plg.api waits for a connection: what is slower than this does not work for the other commands either."""
MAX_HEAD_BYTES = 32_768
MAX_ADDRESSES = 4
_STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3})[ \r]")
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})


class Trouble(StrEnum):
    """The step that failed, and how."""

    NAME_UNKNOWN = "name_unknown"
    REFUSED = "refused"
    SILENT = "silent"
    NO_ROUTE = "no_route"
    CERTIFICATE = "certificate"
    TLS = "tls"
    BROKEN_OFF = "broken_off"
    NOT_HTTP = "not_http"


@dataclass(frozen=True, slots=True)
class ServerVisit:
    """What was seen until the end, or until `trouble` (its text is `detail`).

    `clock_ahead_s`: this machine's clock minus the server's; a Date header has whole seconds, so it is right to `clock_error_s`.
    """

    host: str
    port: int
    is_encrypted: bool
    addresses: tuple[str, ...] = ()
    address: str | None = None
    resolve_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    tls_version: str | None = None
    certificate_days: float | None = None
    answer_ms: float | None = None
    status: int | None = None
    clock_ahead_s: float | None = None
    clock_error_s: float | None = None
    trouble: Trouble | None = None
    detail: str = ""


class _Failed(Exception):
    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(detail)
        self.trouble = trouble
        self.detail = detail


async def visit_server(url: str, authorities: Path | None = None) -> ServerVisit:
    """Ask the server at base URL `url` (http or https) for one page. Never raises for the network."""
    parts = urlsplit(url)
    is_encrypted = parts.scheme == "https"
    host = parts.hostname or ""
    visit = ServerVisit(host, parts.port or (443 if is_encrypted else 80), is_encrypted)
    writer: asyncio.StreamWriter | None = None
    try:
        visit = await _resolve(visit)
        visit, reader, writer = await _connect(visit)
        if is_encrypted:
            visit = await _encrypt(visit, writer, authorities)
        return await _ask(visit, reader, writer, f"{parts.path.rstrip('/')}/v1/games?limit=1", parts.netloc)
    except _Failed as failure:
        return replace(visit, trouble=failure.trouble, detail=failure.detail)
    finally:
        if writer is not None:
            writer.close()
            # The other side may have gone, or never finish TLS: nothing is owed to it any more.
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(0.5):
                    await writer.wait_closed()


async def _resolve(visit: ServerVisit) -> ServerVisit:
    began_s = time.perf_counter()
    try:
        async with asyncio.timeout(STEP_S):
            found = await asyncio.get_running_loop().getaddrinfo(visit.host, visit.port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise _Failed(Trouble.NAME_UNKNOWN, f"no answer within {STEP_S:.0f} s") from None
    except (OSError, UnicodeError) as error:
        raise _Failed(Trouble.NAME_UNKNOWN, getattr(error, "strerror", None) or str(error)) from None
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    return replace(visit, addresses=addresses, resolve_ms=_since_ms(began_s))


async def _connect(visit: ServerVisit) -> tuple[ServerVisit, asyncio.StreamReader, asyncio.StreamWriter]:
    failure = _Failed(Trouble.SILENT)
    for address in visit.addresses[:MAX_ADDRESSES]:
        began_s = time.perf_counter()
        try:
            async with asyncio.timeout(STEP_S):
                reader, writer = await asyncio.open_connection(address, visit.port, limit=MAX_HEAD_BYTES)
        except TimeoutError:
            failure = _Failed(Trouble.SILENT, address)
        except ConnectionRefusedError:
            failure = _Failed(Trouble.REFUSED, address)
        except OSError as error:
            trouble = Trouble.NO_ROUTE if error.errno in _NO_ROUTE else Trouble.SILENT
            failure = _Failed(trouble, error.strerror or str(error))
        else:
            return replace(visit, address=address, connect_ms=_since_ms(began_s)), reader, writer
    raise failure


async def _encrypt(visit: ServerVisit, writer: asyncio.StreamWriter, authorities: Path | None) -> ServerVisit:
    context = ssl.create_default_context()
    if authorities is not None:
        context.load_verify_locations(authorities)
    began_s = time.perf_counter()
    try:
        async with asyncio.timeout(STEP_S):
            await writer.start_tls(context, server_hostname=visit.host)
    except ssl.SSLCertVerificationError as error:
        raise _Failed(Trouble.CERTIFICATE, error.verify_message or str(error)) from None
    except ssl.SSLError as error:
        raise _Failed(Trouble.TLS, error.reason or str(error)) from None
    except TimeoutError:
        raise _Failed(Trouble.TLS, f"no answer within {STEP_S:.0f} s") from None
    except (OSError, EOFError) as error:
        raise _Failed(Trouble.BROKEN_OFF, str(error)) from None
    certificate = writer.get_extra_info("peercert") or {}
    ends = certificate.get("notAfter")
    days = (ssl.cert_time_to_seconds(ends) - time.time()) / 86_400 if isinstance(ends, str) else None
    made = writer.get_extra_info("ssl_object")
    version = made.version() if made is not None else None
    return replace(visit, tls_ms=_since_ms(began_s), tls_version=version, certificate_days=days)


async def _ask(
    visit: ServerVisit, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, authority: str
) -> ServerVisit:
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: plg/{__version__}\r\n"
        "Accept: application/json\r\nConnection: close\r\n\r\n"
    )
    began_s, sent_at_s = time.perf_counter(), time.time()
    try:
        async with asyncio.timeout(STEP_S):
            writer.write(request.encode("ascii", "replace"))
            head = await reader.readuntil(b"\r\n\r\n")
    except TimeoutError:
        raise _Failed(Trouble.SILENT, "connected, but no answer") from None
    except asyncio.IncompleteReadError as error:
        trouble = Trouble.NOT_HTTP if error.partial else Trouble.BROKEN_OFF
        raise _Failed(trouble, "the connection was closed") from None
    except asyncio.LimitOverrunError:
        raise _Failed(Trouble.NOT_HTTP, "no end of the header") from None
    except OSError as error:
        raise _Failed(Trouble.BROKEN_OFF, error.strerror or str(error)) from None
    answer_ms = _since_ms(began_s)
    status = _STATUS.match(head)
    if status is None:
        raise _Failed(Trouble.NOT_HTTP, "no HTTP status line")
    visit = replace(visit, answer_ms=answer_ms, status=int(status[1]))
    server_s = read_date(head)
    if server_s is None:
        return visit
    # Between sending and reading lies the moment at which the server looked at its clock, and the header is cut to whole seconds.
    here_s = sent_at_s + answer_ms / 2000
    return replace(visit, clock_ahead_s=here_s - (server_s + 0.5), clock_error_s=0.5 + answer_ms / 2000)


def read_date(head: bytes) -> float | None:
    """Unix seconds of the Date header of an HTTP answer's head; None when there is none, or none that makes sense."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"date":
            try:
                return parsedate_to_datetime(value.decode("ascii").strip()).timestamp()
            except (ValueError, OverflowError, UnicodeDecodeError, OSError):
                return None
    return None


def _since_ms(began_s: float) -> float:
    return (time.perf_counter() - began_s) * 1000
