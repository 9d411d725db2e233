"""The kinds of e-mail and their languages."""

import pytest

from plg_server.services.mail_kinds import RULES, MailKind, mail_language


@pytest.mark.parametrize(
    ("name", "language"),
    [("ru", "ru"), ("ru-RU", "ru"), ("RU", "ru"), ("en", "en"), ("de", "en"), ("", "en")],
)
def test_every_name_of_a_language_means_one_that_texts_exist_in(name: str, language: str) -> None:
    assert mail_language(name) == language


def test_every_kind_has_its_rules() -> None:
    assert RULES.keys() == set(MailKind)
