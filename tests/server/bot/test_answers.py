"""An answer that Telegram would refuse cannot be made."""

import pytest

from plg_server.bot.answers import MOST_DATA_BYTES, Answer, Button, cut


def test_a_button_has_a_label_and_data_or_an_address_that_fit() -> None:
    assert Button("a", data="x" * MOST_DATA_BYTES).data
    for wrong in ({"data": ""}, {"data": "x", "url": "https://example.org"}, {"data": "ж" * 33}):
        with pytest.raises(ValueError, match="button"):
            Button("a", **wrong)
    with pytest.raises(ValueError, match="label"):
        Button("", data="x")


def test_a_message_has_a_text() -> None:
    with pytest.raises(ValueError, match="text"):
        Answer(" \n")


@pytest.mark.parametrize(
    ("text", "most", "left"), [("abc", 2, "ab"), ("жжж", 5, "жж"), ("🟢🟢", 7, "🟢"), ("\ud800", 9, "?")]
)
def test_a_text_is_cut_between_characters(text: str, most: int, left: str) -> None:
    assert cut(text, most) == left
