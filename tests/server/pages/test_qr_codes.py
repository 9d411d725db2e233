"""QR codes as SVG."""

from xml.etree import ElementTree

import segno

from plg_server.pages.qr_codes import BORDER_MODULES, LONGEST_CHARS, qr_code


def test_it_draws_each_dark_module_and_keeps_the_quiet_zone() -> None:
    text = "https://t.me/plg_test_bot?start=ABCD-EFGH"
    svg = ElementTree.fromstring(qr_code(text, "the bot"))
    matrix = segno.make(text, error="l", micro=False).matrix
    dark = {
        (x + BORDER_MODULES, y + BORDER_MODULES) for y, row in enumerate(matrix) for x, bit in enumerate(row) if bit
    }
    steps = [part.removesuffix("h1v1h-1z") for part in svg[1].attrib["d"].split("M")[1:]]
    assert {(int(x), int(y)) for x, _, y in (step.partition(",") for step in steps)} == dark
    size = len(matrix) + 2 * BORDER_MODULES
    assert svg.attrib["viewBox"] == f"0 0 {size} {size}"


def test_it_says_what_it_is_and_holds_nobodys_markup() -> None:
    html = qr_code("x", '"><script>')
    assert "<script>" not in html
    assert ElementTree.fromstring(html).attrib["aria-label"] == '"><script>'


def test_nothing_and_too_much_make_none() -> None:
    assert qr_code("", "a") == ""
    assert qr_code("x" * (LONGEST_CHARS + 1), "a") == ""
    assert qr_code("x" * LONGEST_CHARS, "a")
