"""Charts as SVG, drawn on the server: lines, areas and bars with axes, a title and a description, and the same figures as a table.

Nothing in them is a colour: classes `series-1` to `series-4` of `charts.css` have one for each theme, and each series also differs by
its dashes, so that nobody needs to see colours. A page that shows one links `charts.css`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from plg_server.pages.filters import MISSING
from plg_server.pages.language import N_, translated

WIDTH, HEIGHT = 720, 260
"""Units of the drawing; it takes the width that there is."""

LEFT, RIGHT, TOP, BOTTOM = 56, 12, 14, 30
"""Room around the plot for the axes' numbers and labels, in the same units."""

Y_TICKS = 4
"""Lines across the plot, about: numbers on them are round."""

MOST_LABELS = 7
"""Words below the plot; of more points only some have their label, all have a row in the table."""

SERIES_LIMIT = 4
"""As many as have a colour and dashes of their own."""

BARS_SHARE = 0.72
"""Of a place's width that its bars take."""

AS_TABLE = N_("The figures as a table")
OVER = N_("{name}: {lowest} to {highest} {unit}, last {last}.")
NOTHING = N_("{name}: no figures.")


@dataclass(frozen=True)
class Series:
    """One line, or one row of bars: a value for each label, None where nothing was measured (a gap, never a zero)."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Chart:
    """What is drawn. `name` is its own in the page (letters and hyphens); `labels` stand along the bottom, `unit` beside the numbers."""

    name: str
    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    unit: str = ""
    digits: int = 0
    """After the point, in the table and the description."""

    label_words: str = ""
    """What the labels are ("Day"): the head of the table's first column."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.series) <= SERIES_LIMIT:
            raise ValueError(f"a chart has 1 to {SERIES_LIMIT} series")
        if any(len(one.values) != len(self.labels) for one in self.series):
            raise ValueError("each series has one value for each label")

    def number(self, value: float | None) -> str:
        """As people read it."""
        return MISSING if value is None else f"{value:,.{self.digits}f}".replace(",", "\u2009")


@dataclass(frozen=True)
class _Scale:
    """Where values and places lie in the drawing."""

    low: float
    high: float
    step: float
    places: int

    def y(self, value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - value) / (self.high - self.low)

    @property
    def place_width(self) -> float:
        return (WIDTH - LEFT - RIGHT) / max(1, self.places)

    def x(self, place: int) -> float:
        """The middle of a place."""
        return LEFT + self.place_width * (place + 0.5)

    def ticks(self) -> list[float]:
        count = round((self.high - self.low) / self.step)
        return [self.low + self.step * number for number in range(count + 1)]


def line_chart(chart: Chart, language: str, *, area: bool = False) -> Markup:
    """Lines over time; with `area` the first one is filled down to zero."""
    scale = _scale(chart)
    drawn = []
    for number, one in enumerate(chart.series, start=1):
        runs = _runs(one.values)
        if area and number == 1:
            drawn += [Markup('<path class="area series-1" d="{}"/>').format(_area(run, scale)) for run in runs]
        drawn += [
            Markup('<polyline class="line series-{}" points="{}"/>').format(number, _points(run, scale)) for run in runs
        ]
        drawn += [
            Markup('<circle class="dot series-{}" cx="{}" cy="{}" r="3"><title>{}</title></circle>').format(
                number, f"{scale.x(place):.1f}", f"{scale.y(value):.1f}", _said(chart, one, place)
            )
            for place, value in enumerate(one.values)
            if value is not None
        ]
    return _figure(chart, language, scale, drawn)


def bar_chart(chart: Chart, language: str) -> Markup:
    """Bars from zero, those of several series side by side."""
    scale = _scale(chart)
    width = scale.place_width * BARS_SHARE / len(chart.series)
    drawn = []
    for number, one in enumerate(chart.series):
        for place, value in enumerate(one.values):
            if value is None:
                continue
            left = scale.x(place) - scale.place_width * BARS_SHARE / 2 + width * number
            top, bottom = sorted((scale.y(value), scale.y(0.0)))
            drawn.append(
                Markup(
                    '<rect class="bar series-{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
                ).format(
                    number + 1,
                    f"{left:.1f}",
                    f"{top:.1f}",
                    f"{max(width - 1, 1):.1f}",
                    f"{bottom - top:.1f}",
                    _said(chart, one, place),
                )
            )
    return _figure(chart, language, scale, drawn)


def _scale(chart: Chart) -> _Scale:
    known = [value for one in chart.series for value in one.values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    low, high = min(0.0, low), max(0.0, high)
    if low == high:
        high = 1.0
    step = round_step((high - low) / Y_TICKS)
    return _Scale(math.floor(low / step) * step, math.ceil(high / step) * step, step, len(chart.labels))


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `least` (which is above 0)."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= least * (1 - 1e-9))


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Stretches without a gap."""
    runs: list[list[tuple[int, float]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((place, value))
    return [run for run in runs if run]


def _points(run: Sequence[tuple[int, float]], scale: _Scale) -> str:
    return " ".join(f"{scale.x(place):.1f},{scale.y(value):.1f}" for place, value in run)


def _area(run: Sequence[tuple[int, float]], scale: _Scale) -> str:
    ground = f"{scale.y(0.0):.1f}"
    first, last = f"{scale.x(run[0][0]):.1f}", f"{scale.x(run[-1][0]):.1f}"
    return f"M{first},{ground} L{_points(run, scale).replace(' ', ' L')} L{last},{ground} Z"


def _said(chart: Chart, one: Series, place: int) -> str:
    unit = f" {chart.unit}" if chart.unit else ""
    return f"{chart.labels[place]}: {one.name} {chart.number(one.values[place])}{unit}"


def _figure(chart: Chart, language: str, scale: _Scale, drawn: Sequence[Markup]) -> Markup:
    described = " ".join(_described(chart, one, language) for one in chart.series)
    return Markup(
        '<figure class="chart"><div class="plot" tabindex="0"><svg viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}-title {name}-desc">'
        '<title id="{name}-title">{title}</title><desc id="{name}-desc">{described}</desc>{axes}{drawn}</svg></div>'
        "<figcaption>{legend}</figcaption>{table}</figure>"
    ).format(
        width=WIDTH,
        height=HEIGHT,
        name=chart.name,
        title=chart.title,
        described=described,
        axes=_axes(chart, scale),
        drawn=Markup().join(drawn),
        legend=_legend(chart),
        table=_table(chart, language),
    )


def _described(chart: Chart, one: Series, language: str) -> str:
    known = [value for value in one.values if value is not None]
    if not known:
        return translated(language, NOTHING).format(name=one.name)
    return translated(language, OVER).format(
        name=one.name,
        lowest=chart.number(min(known)),
        highest=chart.number(max(known)),
        unit=chart.unit,
        last=chart.number(known[-1]),
    )


def _axes(chart: Chart, scale: _Scale) -> Markup:
    digits = max(0, -math.floor(math.log10(scale.step) + 1e-9))
    parts = []
    for tick in scale.ticks():
        y = f"{scale.y(tick):.1f}"
        css = "axis" if abs(tick) < scale.step / 1000 else "grid-line"
        text = f"{tick:,.{digits}f}".replace(",", "\u2009").replace("-", "\u2212")
        parts.append(
            Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/><text class="y" x="{}" y="{}">{}</text>').format(
                css, LEFT, WIDTH - RIGHT, y, y, LEFT - 8, f"{scale.y(tick) + 4:.1f}", text
            )
        )
    if chart.unit:
        parts.append(Markup('<text class="unit" x="4" y="{}">{}</text>').format(HEIGHT - BOTTOM + 20, chart.unit))
    every = max(1, -(-len(chart.labels) // MOST_LABELS))
    parts += [
        Markup('<text class="x" x="{}" y="{}">{}</text>').format(
            f"{scale.x(place):.1f}", HEIGHT - BOTTOM + 20, chart.labels[place]
        )
        for place in range(0, len(chart.labels), every)
    ]
    return Markup().join(parts)


def _legend(chart: Chart) -> Markup:
    return Markup().join(
        Markup(
            '<span class="key"><svg viewBox="0 0 24 8" aria-hidden="true">'
            '<line class="line series-{}" x1="1" x2="23" y1="4" y2="4"/></svg>{}</span>'
        ).format(number, one.name)
        for number, one in enumerate(chart.series, start=1)
    )


def _table(chart: Chart, language: str) -> Markup:
    unit = f", {chart.unit}" if chart.unit else ""
    head = Markup().join(
        Markup('<th scope="col" class="number">{}{}</th>').format(one.name, unit) for one in chart.series
    )
    rows = Markup().join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            label,
            Markup().join(
                Markup('<td class="number">{}</td>').format(chart.number(one.values[place])) for one in chart.series
            ),
        )
        for place, label in enumerate(chart.labels)
    )
    return Markup(
        '<details><summary>{}</summary><div class="table" tabindex="0"><table><caption>{}</caption>'
        '<thead><tr><th scope="col">{}</th>{}</tr></thead><tbody>{}</tbody></table></div></details>'
    ).format(translated(language, AS_TABLE), chart.title, chart.label_words, head, rows)
