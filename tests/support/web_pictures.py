"""Pictures of pages: taken at a phone's and a desk's width, kept small, compared by their coarse look.

`python tests/support/web_pictures.py` takes them anew into `docs/pictures/web/`.
"""

import asyncio
import base64
import struct
import sys
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page

from support.web_site import DESK_PX, PHONE_PX, BrowsedSite, browsed_site

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "web"

SHOWN = {
    "landing": ("/en/", "anonymous"),
    "plans": ("/en/plans", "anonymous"),
    "dashboard": ("/en/account", "player"),
    "admin": ("/en/admin", "admin"),
}
"""What is pictured, and who looks."""

HEIGHT_PX = 800
LEVELS = 6
"""Of red, green and blue each: 216 colours, a palette of one byte a pixel."""

COLUMNS, ROWS = 24, 20

PIXELS = """async ([data, width, height]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + data;
  await image.decode();
  const canvas = new OffscreenCanvas(width || image.width, height || image.height);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const bytes = context.getImageData(0, 0, canvas.width, canvas.height).data;
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return [canvas.width, canvas.height, btoa(text)];
}"""


@dataclass(frozen=True)
class Pixels:
    """A picture without transparency: four bytes a pixel."""

    width: int
    height: int
    rgba: bytes


async def pixels_of(browser: Browser, png: bytes, width: int = 0, height: int = 0) -> Pixels:
    """Read a PNG, scaled to this size if one is given; the browser knows how."""
    page = await browser.new_page()
    try:
        wide, high, data = await page.evaluate(PIXELS, [base64.b64encode(png).decode(), width, height])
    finally:
        await page.close()
    return Pixels(wide, high, base64.b64decode(data))


def small_png(pixels: Pixels) -> bytes:
    """An indexed PNG (PNG specification, 11.2) with a fixed palette."""
    palette = bytes(
        255 * level // (LEVELS - 1)
        for number in range(LEVELS**3)
        for level in (number // LEVELS**2, number // LEVELS % LEVELS, number % LEVELS)
    )
    steps = bytes((value * (LEVELS - 1) + 127) // 255 for value in range(256))
    red, green, blue = (pixels.rgba[channel::4].translate(steps) for channel in range(3))
    indexed = bytes(r * LEVELS**2 + g * LEVELS + b for r, g, b in zip(red, green, blue, strict=True))
    lines = b"".join(b"\0" + indexed[at : at + pixels.width] for at in range(0, len(indexed), pixels.width))
    head = struct.pack(">IIBBBBB", pixels.width, pixels.height, 8, 3, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"PLTE", palette)
        + _chunk(b"IDAT", zlib.compress(lines, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


async def coarse(browser: Browser, png: bytes) -> list[float]:
    """How bright each cell of a grid is, 0 to 1."""
    shrunk = await pixels_of(browser, png, COLUMNS, ROWS)
    return [sum(shrunk.rgba[at : at + 3]) / 765 for at in range(0, len(shrunk.rgba), 4)]


def difference(one: list[float], other: list[float]) -> float:
    """The mean over all cells; 0 for the same, 0.5 for black beside grey."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)


async def take(site: BrowsedSite, name: str, width_px: int) -> bytes:
    """The first screen of a page, with nothing that moves and no times in it."""
    url, role = SHOWN[name]
    async with site.visit(site.world.people[role], width_px=width_px, height_px=HEIGHT_PX) as visit:
        await visit.page.emulate_media(reduced_motion="reduce")
        await visit.page.goto(site.url + url, wait_until="networkidle")
        await _quiet(visit.page)
        return await visit.page.screenshot(animations="disabled", caret="hide")


async def _quiet(page: Page) -> None:
    """Moments and names that are other ones each time become grey bars."""
    await page.evaluate(
        """() => {
          const hide = (one) => { one.style.color = "transparent"; one.style.background = "#ccc"; };
          document.querySelectorAll("time, code").forEach(hide);
          // The recording plays on by itself: its window stays, what runs in it does not.
          document.querySelectorAll(".terminal img").forEach((one) => { one.style.filter = "brightness(0)"; });
          const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const random = /[0-9a-f]{16}/g;
          while (walk.nextNode()) walk.currentNode.data = walk.currentNode.data.replace(random, "0123456789abcdef");
        }"""
    )


def picture_file(name: str, width_px: int) -> Path:
    """Where it is kept."""
    return FOLDER / f"{name}-{width_px}.png"


async def main() -> None:
    """Take all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with browsed_site(Path(folder)) as site:
            for name in SHOWN:
                for width_px in (PHONE_PX, DESK_PX):
                    pixels = await pixels_of(site.browser, await take(site, name, width_px))
                    picture_file(name, width_px).write_bytes(small_png(pixels))
                    print(picture_file(name, width_px), picture_file(name, width_px).stat().st_size, file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(main())
