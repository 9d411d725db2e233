"""A real browser for tests of pages: the system's Chromium, headless, which reaches loopback and nothing else."""

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Page, Request, Response, Route, async_playwright

from support.requirements import require_binary

COMPLAINTS = frozenset({"error", "warning", "assert"})
"""Kinds of console messages that a page in order does not write."""

SWITCHES = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    # What the browser does on its own account passes no page's watch: so no name resolves, and no lookup leaves the machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)

REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => reportViolation(`${event.effectiveDirective} ${event.blockedURI}`));
"""


@dataclass
class Visit:
    """A page, and everything wrong that was seen since it was opened, each as one line."""

    page: Page
    console: list[str] = field(default_factory=list)
    script_errors: list[str] = field(default_factory=list)
    policy_violations: list[str] = field(default_factory=list)
    failed_requests: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)

    @property
    def trouble(self) -> list[str]:
        """All of it."""
        return [
            *self.console,
            *self.script_errors,
            *self.policy_violations,
            *self.failed_requests,
            *self.foreign_requests,
        ]

    async def hidden_width_px(self) -> int:
        """How much of the page is beyond the window's right edge: above 0, a person has to scroll sideways."""
        width = await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return int(width)


@asynccontextmanager
async def headless_chromium() -> AsyncIterator[Browser]:
    """The browser, with a new empty profile; it ends with the block. The test is skipped where Chromium is not installed."""
    program = require_binary("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=list(SWITCHES))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def watched_page(
    browser: Browser,
    *,
    width_px: int = 1280,
    height_px: int = 800,
    colors: Literal["light", "dark"] = "light",
    scripts: bool = True,
) -> AsyncIterator[Visit]:
    """An empty page in a window of this size, without cookies of others; the page's own scripts run unless told otherwise. Requests
    beyond loopback are noted and stopped."""
    context = await browser.new_context(
        viewport={"width": width_px, "height": height_px},
        color_scheme=colors,
        service_workers="block",
        java_script_enabled=scripts,
    )
    visit = Visit(await context.new_page())

    def note_console(message: ConsoleMessage) -> None:
        if message.type in COMPLAINTS:
            visit.console.append(f"console {message.type}: {message.text}")

    def note_answer(response: Response) -> None:
        if response.status >= 400:
            visit.failed_requests.append(f"status {response.status}: {response.url}")

    def note_failure(request: Request) -> None:
        # Whoever goes on before a page is complete leaves what it was still fetching: no fault of the page.
        if is_loopback(request.url) and request.failure != "net::ERR_ABORTED":
            visit.failed_requests.append(f"{request.failure}: {request.url}")

    async def stop_foreign(route: Route) -> None:
        if is_loopback(route.request.url):
            await route.continue_()
            return
        visit.foreign_requests.append(f"leaves this machine: {route.request.url}")
        await route.abort()

    def note_violation(what: str) -> None:
        visit.policy_violations.append(f"Content-Security-Policy: {what}")

    context.on("console", note_console)
    context.on("weberror", lambda error: visit.script_errors.append(f"script error: {error.error}"))
    context.on("response", note_answer)
    context.on("requestfailed", note_failure)
    await context.expose_function("reportViolation", note_violation)
    await context.add_init_script(REPORT_VIOLATIONS)
    await context.route("**/*", stop_foreign)
    try:
        yield visit
    finally:
        await context.close()


def is_loopback(url: str) -> bool:
    """Whether fetching it stays on this machine; `data:` and `blob:` are not fetched at all."""
    parts = urlsplit(url)
    if parts.scheme in {"data", "blob", "about"} or parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
