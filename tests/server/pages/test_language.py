"""The words of the pages."""

from plg_server.pages.language import LANGUAGES, N_, catalogue, translated


def test_there_are_two_languages_and_english_is_the_source() -> None:
    assert set(LANGUAGES) == {"en", "ru"}
    assert translated("en", "Sign in") == "Sign in"


def test_all_catalogues_of_a_language_are_one() -> None:
    assert translated("ru", "Sign in") == "Войти"
    assert translated("ru", "a text that nobody translated") == "a text that nobody translated"
    assert catalogue("ru") is catalogue("ru")


def test_nothing_stays_nothing() -> None:
    """A catalogue keeps its own header under the empty text."""
    assert translated("ru", "") == ""
    assert N_("as it is") == "as it is"
