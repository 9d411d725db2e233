"""What every page tells the browser it may do: nothing but our own files, no inline scripts or styles, no frame around it."""

import re
from collections.abc import Iterable

REPORT_URL = "/csp-report"

_ORIGIN = re.compile(r"(https?|wss?)://[A-Za-z0-9.\[\]:-]+")

PAGE_HEADERS = {
    # Not "no-referrer": with that, browsers send forms with "Origin: null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

STRICT_TRANSPORT = "max-age=31536000"
"""RFC 6797: a year of https only, sent where the server's public address is https."""


def content_security_policy(connect: Iterable[str] = (), frames: Iterable[str] = ()) -> str:
    """The policy (CSP Level 3); `connect` and `frames` are further origins that this page's scripts may call and that it may show. They come
    from what operators typed: what is no plain origin is left out, for it could open the policy or break the header."""
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": " ".join(["'self'", *_origins(connect)]),
        "frame-src": " ".join(_origins(frames)) or "'none'",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "report-uri": REPORT_URL,
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _origins(given: Iterable[str]) -> list[str]:
    return sorted({one for one in given if _ORIGIN.fullmatch(one)})
