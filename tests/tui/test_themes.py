"""The themes: readable, and told apart by every kind of eye."""

from itertools import combinations
from math import dist

import pytest
from textual.theme import Theme

from plg_tui.themes import CONTRAST, THEMES, TITLES
from support.dashboard_pilot import READABLE, contrast

MUCH_CONTRAST = 7.0
"""WCAG 2, level AAA."""
APART = 0.2
"""So far apart in the unit cube of linear colours two lines are told apart at a glance."""

Matrix = tuple[tuple[float, float, float], ...]

EYES: dict[str, Matrix] = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
"""Machado, Oliveira and Fernandes 2009, full severity, on linear RGB."""


def seen(colour: str, eye: Matrix) -> tuple[float, ...]:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return tuple(sum(weight * part for weight, part in zip(row, linear, strict=True)) for row in eye)


def distance(one: str, other: str, eye: Matrix) -> float:
    return dist(seen(one, eye), seen(other, eye))


def each_theme(themes: tuple[Theme, ...] = THEMES) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("theme", themes, ids=[theme.name for theme in themes])


def test_each_theme_has_a_title() -> None:
    assert [theme.name for theme in THEMES] == list(TITLES)


@each_theme()
def test_every_colour_of_text_is_readable_where_it_stands(theme: Theme) -> None:
    least = MUCH_CONTRAST if theme.name == CONTRAST else READABLE
    texts = [theme.primary, theme.warning, theme.error, theme.success, theme.foreground, *_lines(theme)]
    pairs = [f"{text} on {ground}" for text in texts for ground in (theme.background, theme.surface)]
    pairs += [f"{text} on {theme.panel}" for text in (theme.primary, theme.foreground)]  # the two bars
    assert {pair: contrast(pair) for pair in pairs if contrast(pair) < least} == {}


@each_theme()
@pytest.mark.parametrize("eye", EYES.values(), ids=EYES)
def test_the_two_lines_of_the_graph_stay_apart_for_every_eye(theme: Theme, eye: Matrix) -> None:
    boosted, direct = _lines(theme)
    assert distance(boosted, direct, eye) > APART


@each_theme()
@pytest.mark.parametrize("eye", EYES.values(), ids=EYES)
def test_lines_stay_apart_from_the_ground(theme: Theme, eye: Matrix) -> None:
    for one, other in combinations((*_lines(theme), theme.background or ""), 2):
        assert distance(one, other, eye) > APART / 2


def _lines(theme: Theme) -> tuple[str, str]:
    return theme.variables["boosted"], theme.variables["direct"]
