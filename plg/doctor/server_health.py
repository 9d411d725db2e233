"""DNS, clock, server, login: everything on the way to the server's word."""

import base64
import binascii
import json
import time
from ipaddress import ip_address
from typing import Any, Final

from plg.api.errors import ApiError, NotSignedIn, NotSignedInReason, ServerRefused
from plg.doctor.codes import Code
from plg.doctor.finding import Fact, Finding, Verdict, ms
from plg.doctor.scene import Scene
from plg.doctor.server_visit import ServerVisit, Trouble
from plg.protocol.constants import CLOCK_SKEW_S

DNS: Final = "dns"
CLOCK: Final = "clock"
SERVER: Final = "server"
LOGIN: Final = "login"

SLOW_DNS_MS: Final = 300.0
"""Implementation. A resolver near by answers within tens of milliseconds; a second look-up after a lost packet takes seconds."""
CLOCK_WARN_S: Final = CLOCK_SKEW_S
"""Specification: what relays tolerate of hello times. Sessions go by the server's clock, so that ours may be wrong, but not much is
sane on a machine whose clock is."""
CLOCK_FAIL_S: Final = 86_400.0
"""Implementation. Certificates are not valid yet, or no more, on a clock that is days off."""
CERTIFICATE_WARN_DAYS: Final = 7.0

_TROUBLES: Final = {
    Trouble.NAME_UNKNOWN: Code.SERVER_NAME_UNKNOWN,
    Trouble.REFUSED: Code.SERVER_REFUSED,
    Trouble.SILENT: Code.SERVER_SILENT,
    Trouble.NO_ROUTE: Code.SERVER_NO_ROUTE,
    Trouble.CERTIFICATE: Code.SERVER_CERTIFICATE_BAD,
    Trouble.TLS: Code.SERVER_TLS_FAILED,
    Trouble.NOT_HTTP: Code.SERVER_NOT_HTTP,
    Trouble.BROKEN_OFF: Code.SERVER_BROKEN_OFF,
}


async def check_dns(scene: Scene) -> Finding:
    """Whether the server's name is known here, and how soon."""
    return judge_dns(await scene.visit.get())


def judge_dns(visit: ServerVisit) -> Finding:
    facts: dict[str, Fact] = {"host": visit.host}
    if visit.resolve_ms is None:
        return Finding(DNS, Verdict.FAIL, Code.DNS_FAILS, {**facts, "why": visit.detail})
    facts |= {"address": visit.addresses[0], "took_ms": ms(visit.resolve_ms)}
    try:
        ip_address(visit.host)
    except ValueError:
        slow = visit.resolve_ms > SLOW_DNS_MS
        return Finding(DNS, Verdict.WARN if slow else Verdict.OK, Code.DNS_SLOW if slow else Code.DNS_ANSWERS, facts)
    return Finding(DNS, Verdict.OK, Code.DNS_NOT_NEEDED, facts)


async def check_clock(scene: Scene) -> Finding:
    """This machine's clock against the server's."""
    return judge_clock(await scene.visit.get())


def judge_clock(visit: ServerVisit) -> Finding:
    if visit.status is None:
        return Finding(CLOCK, Verdict.UNKNOWN, Code.NO_SERVER)
    if visit.clock_ahead_s is None:
        return Finding(CLOCK, Verdict.UNKNOWN, Code.CLOCK_NO_DATE)
    off_s = max(0.0, abs(visit.clock_ahead_s) - (visit.clock_error_s or 0.0))
    facts: dict[str, Fact] = {"ahead_s": round(visit.clock_ahead_s, 1), "tolerated_s": round(CLOCK_SKEW_S)}
    if off_s > CLOCK_FAIL_S:
        return Finding(CLOCK, Verdict.FAIL, Code.CLOCK_FAR_OFF, facts)
    if off_s > CLOCK_WARN_S:
        return Finding(CLOCK, Verdict.WARN, Code.CLOCK_OFF, facts)
    return Finding(CLOCK, Verdict.OK, Code.CLOCK_RIGHT, facts)


async def check_server(scene: Scene) -> Finding:
    """Connection, TLS and answer of the server."""
    return judge_server(await scene.visit.get())


def judge_server(visit: ServerVisit) -> Finding:
    where = f"[{visit.host}]:{visit.port}" if ":" in visit.host else f"{visit.host}:{visit.port}"
    if visit.trouble is not None:
        return Finding(SERVER, Verdict.FAIL, _TROUBLES[visit.trouble], {"where": where, "why": visit.detail})
    facts: dict[str, Fact] = {
        "where": where,
        "connect_ms": ms(visit.connect_ms or 0.0),
        "answer_ms": ms(visit.answer_ms or 0.0),
        "status": visit.status or 0,
    }
    if visit.status != 200:
        return Finding(SERVER, Verdict.FAIL, Code.SERVER_ERROR, facts)
    if not visit.is_encrypted:
        is_local = visit.address is not None and ip_address(visit.address.partition("%")[0]).is_loopback
        return Finding(SERVER, Verdict.OK if is_local else Verdict.WARN, Code.SERVER_PLAIN, facts)
    facts |= {"tls": visit.tls_version or "TLS", "days": int(visit.certificate_days or 0)}
    if visit.certificate_days is not None and visit.certificate_days < CERTIFICATE_WARN_DAYS:
        return Finding(SERVER, Verdict.WARN, Code.SERVER_CERTIFICATE_ENDS, facts)
    return Finding(SERVER, Verdict.OK, Code.SERVER_ANSWERS, facts)


async def check_login(scene: Scene) -> Finding:
    """Whether the server takes the login, and how long its token still holds."""
    if scene.place.login_trouble is not None:
        return Finding(LOGIN, Verdict.FAIL, Code.LOGIN_DAMAGED, {"why": scene.place.login_trouble})
    if (await scene.visit.get()).status is None:
        return Finding(LOGIN, Verdict.UNKNOWN, Code.NO_SERVER)
    try:
        await scene.account.get()
    except NotSignedIn as error:
        return judge_no_login(error.reason)
    except ServerRefused as error:
        return Finding(LOGIN, Verdict.FAIL, Code.LOGIN_REFUSED, {"why": error.code})
    except ApiError as error:
        return Finding(LOGIN, Verdict.UNKNOWN, Code.LOGIN_REFUSED, {"why": str(error)[:200]})
    ages = token_minutes(scene.place.access_token(), time.time())
    age, left = ages if ages is not None else (-1, -1)
    return Finding(LOGIN, Verdict.OK, Code.LOGIN_GOOD, {"token_age_min": age, "token_left_min": left})


def judge_no_login(reason: NotSignedInReason) -> Finding:
    match reason:
        case NotSignedInReason.NEVER:
            return Finding(LOGIN, Verdict.FAIL, Code.LOGIN_NONE)
        case NotSignedInReason.KEYRING:
            return Finding(LOGIN, Verdict.FAIL, Code.LOGIN_KEYRING)
        case _:
            return Finding(LOGIN, Verdict.FAIL, Code.LOGIN_OVER)


def token_minutes(token: str | None, now_s: float) -> tuple[int, int] | None:
    """Age and remaining life of an access token in whole minutes (RFC 7519: iat, exp); None for one that does not tell.

    Nothing is believed because of it: the server alone judges tokens.
    """
    if token is None or token.count(".") != 2 or len(token) > 4096:
        return None
    body = token.split(".")[1]
    try:
        claims: Any = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        issued_s, expires_s = float(claims["iat"]), float(claims["exp"])
        return int((now_s - issued_s) / 60), int((expires_s - now_s) / 60)
    except (binascii.Error, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
