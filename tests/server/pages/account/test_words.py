"""What the cabinet calls things: everything that the contract has a name for has words, in both languages."""

from plg.contract.api_tokens import Scope
from plg.contract.benchmarks import BenchmarkVerdict
from plg.contract.billing import PaymentState, SubscriptionState
from plg_server.pages.account.words import TABLES, Words
from plg_server.services.game_catalog import GameCatalog


def test_every_state_verdict_and_scope_has_a_word_in_russian() -> None:
    said = Words("ru", GameCatalog([]))
    for table, names in (
        ("payment", PaymentState),
        ("subscription", SubscriptionState),
        ("verdict", BenchmarkVerdict),
        ("scope", Scope),
    ):
        for name in names:
            words = said(table, name.value)
            assert words != name.value
            assert any("а" <= letter.lower() <= "я" for letter in words)


def test_what_is_not_known_is_called_as_it_is() -> None:
    said = Words("en", GameCatalog([]))
    assert said("plan", "monthly") == "One month"
    assert said("plan", "a-plan-of-the-operator") == "a-plan-of-the-operator"
    assert said("plan", None) == ""
    assert said.game("a-game-that-was-taken-out") == "a-game-that-was-taken-out"


def test_russian_words_differ_from_the_english_ones() -> None:
    russian, english = Words("ru", GameCatalog([])), Words("en", GameCatalog([]))
    for table, names in TABLES.items():
        assert all(russian(table, name) != english(table, name) for name in names), table
