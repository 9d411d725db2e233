"""What every page tells the browser it may do: nothing but our own files, no inline scripts or styles, no frame around it."""

from collections.abc import Iterable

REPORT_URL = "/csp-report"

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
    """The policy (CSP Level 3); `connect` and `frames` are further origins that this page's scripts may call and that it may show."""
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": " ".join(["'self'", *sorted(set(connect))]),
        "frame-src": " ".join(sorted(set(frames))) or "'none'",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "report-uri": REPORT_URL,
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())
