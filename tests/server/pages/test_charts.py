"""Charts: valid SVG with axes, words for who cannot see it, and nothing that could carry anybody's markup."""

from collections.abc import Callable
from html import escape
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from plg_server.pages.charts import Chart, Series, bar_chart, line_chart, round_step

PINGS = Chart(
    name="pings",
    title="Ping",
    labels=["Mon", "Tue", "Wed", "Thu"],
    series=[Series("PLG", [31.0, None, 29.0, 33.5]), Series("Direct", [52.0, 51.0, 55.0, 50.0])],
    unit="ms",
    digits=1,
    label_words="Day",
)


def tree(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(html)


def test_it_has_a_title_and_says_its_figures_in_words() -> None:
    svg = tree(line_chart(PINGS, "en"))[0][0]
    assert svg.attrib["role"] == "img"
    title, described = svg[0], svg[1]
    assert svg.attrib["aria-labelledby"].split() == [title.attrib["id"], described.attrib["id"]]
    assert title.text == "Ping"
    assert described.text == "PLG: 29.0 to 33.5 ms, last 33.5. Direct: 50.0 to 55.0 ms, last 50.0."


def test_all_figures_stand_in_a_table_too_and_a_gap_is_no_zero() -> None:
    table = next(tree(line_chart(PINGS, "en")).iter("table"))
    rows = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
    assert rows[0] == ["Day", "PLG, ms", "Direct, ms"]
    assert rows[2] == ["Tue", "—", "51.0"]
    assert len(rows) == 5


def test_a_gap_parts_the_line() -> None:
    lines = [one.attrib for one in tree(line_chart(PINGS, "en"))[0][0].iter("polyline")]
    assert [len(one["points"].split()) for one in lines if "series-1" in one["class"]] == [1, 2]
    assert [len(one["points"].split()) for one in lines if "series-2" in one["class"]] == [4]


def test_an_area_reaches_down_to_zero() -> None:
    chart = Chart(name="a", title="a", labels=["1", "2"], series=[Series("a", [1.0, 2.0])])
    (area,) = (one for one in tree(line_chart(chart, "en", area=True)).iter("path"))
    ground = next(
        one.attrib["y1"] for one in tree(line_chart(chart, "en")).iter("line") if one.attrib["class"] == "axis"
    )
    assert area.attrib["d"].count(f",{ground}") == 2


def test_bars_of_several_series_stand_side_by_side_above_and_below_zero() -> None:
    chart = Chart(name="b", title="b", labels=["x"], series=[Series("a", [4.0]), Series("b", [-2.0])])
    first, second = tree(bar_chart(chart, "en"))[0][0].iter("rect")
    ground = next(
        float(one.attrib["y1"]) for one in tree(bar_chart(chart, "en")).iter("line") if one.attrib["class"] == "axis"
    )
    assert float(first.attrib["y"]) + float(first.attrib["height"]) == pytest.approx(ground)
    assert float(second.attrib["y"]) == pytest.approx(ground)
    assert float(first.attrib["x"]) + float(first.attrib["width"]) < float(second.attrib["x"])


@pytest.mark.parametrize("draw", [line_chart, bar_chart])
def test_nothing_measured_is_still_a_chart(draw: Callable[[Chart, str], Markup]) -> None:
    chart = Chart(name="none", title="None", labels=[], series=[Series("PLG", [])])
    assert "PLG: no figures." in draw(chart, "en")


def test_words_from_outside_stay_words() -> None:
    evil = '<script>alert("1")</script>'
    html = str(line_chart(Chart(name="n", title=evil, labels=[evil], series=[Series(evil, [1.0])], unit=evil), "en"))
    assert "<script" not in html
    assert str(escape("<script>")) in html
    tree(html)


def test_there_is_no_inline_style_and_no_script() -> None:
    html = str(line_chart(PINGS, "en")) + str(bar_chart(PINGS, "ru"))
    assert " style=" not in html
    assert "<script" not in html


@pytest.mark.parametrize(
    ("least", "step"), [(0.9, 1.0), (1.0, 1.0), (1.1, 2.0), (2.5, 5.0), (7.0, 10.0), (0.03, 0.05), (1300.0, 2000.0)]
)
def test_numbers_on_the_axis_are_round(least: float, step: float) -> None:
    assert round_step(least) == pytest.approx(step)


def test_of_many_points_only_some_have_their_word() -> None:
    chart = Chart(
        name="m", title="m", labels=[str(n) for n in range(30)], series=[Series("a", [float(n) for n in range(30)])]
    )
    words = [one for one in tree(line_chart(chart, "en"))[0][0].iter("text") if one.attrib["class"] == "x"]
    assert len(words) == 6


def test_a_series_must_fit_the_labels() -> None:
    with pytest.raises(ValueError, match="one value for each label"):
        Chart(name="x", title="x", labels=["1"], series=[Series("a", [])])
    with pytest.raises(ValueError, match="1 to 4 series"):
        Chart(name="x", title="x", labels=[], series=[])
