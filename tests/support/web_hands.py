"""How a person works a page: with a mouse or a finger, or with nothing but the keyboard."""

from dataclasses import dataclass
from typing import Protocol

from playwright.async_api import Page

MOST_TABS = 150
"""More are no way to work."""

FOCUSED = "(selector) => { const one = document.activeElement; return !!one && one.matches(selector); }"
FOCUS_SHOWS = """() => {
  const style = getComputedStyle(document.activeElement);
  return document.activeElement.matches(":focus-visible") && (parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== "none");
}"""


class Hands(Protocol):
    """What a story needs."""

    async def follow(self, href: str) -> None:
        """Go where a link to this address leads."""

    async def fill(self, form: str, **fields: str) -> None:
        """Type into the fields of a form."""

    async def choose(self, name: str, value: str) -> None:
        """One of several ways."""

    async def send(self, form: str) -> None:
        """Press the form's button and wait for what comes."""


@dataclass
class Mouse:
    """Clicks on what it sees; on a phone the menu is opened first."""

    page: Page

    async def follow(self, href: str) -> None:
        link = self.page.locator(f'a[href="{href}"]:visible')
        if await link.count() == 0:
            await self.page.locator("details.menu > summary").click()
        await link.first.click()
        await self.page.wait_for_url(f"**{href}")

    async def fill(self, form: str, **fields: str) -> None:
        for name, text in fields.items():
            await self.page.locator(f'#{form} [name="{name}"]').fill(text)

    async def choose(self, name: str, value: str) -> None:
        await self.page.locator(f'input[name="{name}"][value="{value}"]').check()

    async def send(self, form: str) -> None:
        await self.page.locator(f"#{form} button[type=submit]").click()
        await self.page.wait_for_load_state()


@dataclass
class Keyboard:
    """Tab, Enter, arrows and letters; what has the focus must show it."""

    page: Page

    async def reach(self, selector: str) -> None:
        """Tab until it has the focus."""
        for _ in range(MOST_TABS):
            if await self.page.evaluate(FOCUSED, selector):
                assert await self.page.evaluate(FOCUS_SHOWS), f"the focus on {selector} cannot be seen"
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"{selector} on {self.page.url} is out of the keyboard's reach")

    async def follow(self, href: str) -> None:
        if await self.page.locator(f'a[href="{href}"]:visible').count() == 0:
            await self.reach("details.menu > summary")
            await self.page.keyboard.press("Enter")
        await self.reach(f'a[href="{href}"]')
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url(f"**{href}")

    async def fill(self, form: str, **fields: str) -> None:
        for name, text in fields.items():
            await self.reach(f'#{form} [name="{name}"]')
            await self.page.keyboard.press("Control+A")
            await self.page.keyboard.type(text)

    async def choose(self, name: str, value: str) -> None:
        await self.reach(f'input[name="{name}"]')
        for _ in range(MOST_TABS):
            if await self.page.locator(f'input[name="{name}"][value="{value}"]').is_checked():
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{value} cannot be chosen")

    async def send(self, form: str) -> None:
        await self.reach(f"#{form} button[type=submit]")
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_load_state()
