"""The themes: dark, light and one of high contrast. Their colours (after Okabe and Ito) stay apart for colour-blind eyes; no meaning hangs
on colour alone.
"""

from typing import Final

from textual.theme import Theme

from plg.cli.language import N_

DARK: Final = "plg-dark"
LIGHT: Final = "plg-light"
CONTRAST: Final = "plg-contrast"

TITLES: Final = {DARK: N_("Dark"), LIGHT: N_("Light"), CONTRAST: N_("High contrast")}
"""What a person calls each, in the order in which they follow one another."""

THEMES: Final = (
    Theme(
        name=DARK,
        primary="#56B4E9",
        secondary="#CC79A7",
        accent="#56B4E9",
        success="#56B4E9",
        warning="#F0E442",
        error="#E69F00",
        foreground="#E6E6E6",
        background="#101418",
        surface="#161B21",
        panel="#1F262E",
        dark=True,
        variables={"boosted": "#56B4E9", "direct": "#E69F00"},
    ),
    Theme(
        name=LIGHT,
        primary="#005A8F",
        secondary="#8F3F71",
        accent="#005A8F",
        success="#005A8F",
        warning="#8A5A00",
        error="#B04A00",
        foreground="#1A1A1A",
        background="#FFFFFF",
        surface="#F4F6F8",
        panel="#E3E8ED",
        dark=False,
        variables={"boosted": "#005A8F", "direct": "#B04A00"},
    ),
    Theme(
        name=CONTRAST,
        primary="#7FDBFF",
        secondary="#FFB0E0",
        accent="#7FDBFF",
        success="#7FDBFF",
        warning="#FFFF54",
        error="#FFC04D",
        foreground="#FFFFFF",
        background="#000000",
        surface="#000000",
        panel="#000000",
        dark=True,
        variables={
            "boosted": "#7FDBFF",
            "direct": "#FFC04D",
            "block-cursor-background": "#FFFF54",
            "block-cursor-foreground": "#000000",
            "border": "#FFFFFF",
        },
    ),
)
