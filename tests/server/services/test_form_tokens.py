"""Tokens of forms."""

from plg_server.services.form_tokens import FormTokens

TOKENS = FormTokens(b"secret" * 8)


def test_a_token_fits_the_browser_that_it_was_made_for_on_every_replica() -> None:
    token = TOKENS.token("cookie")
    assert TOKENS.is_right("cookie", token)
    assert FormTokens(b"secret" * 8).is_right("cookie", token)


def test_no_other_browser_and_no_other_server_takes_it() -> None:
    token = TOKENS.token("cookie")
    assert not TOKENS.is_right("another", token)
    assert not FormTokens(b"another" * 8).is_right("cookie", token)
    assert not any(
        TOKENS.is_right("cookie", text) for text in ("", token[:-1], token.upper(), f"{token}0", "é", "\udcff")
    )


def test_a_browser_without_a_cookie_has_no_right_token() -> None:
    assert not TOKENS.is_right("", TOKENS.token(""))


def test_a_cookie_in_bytes_that_are_no_text_is_a_cookie_like_any() -> None:
    """Headers that are not UTF-8 reach us as surrogates."""
    assert TOKENS.is_right("a\udcff", TOKENS.token("a\udcff"))
    assert TOKENS.token("a\udcff") != TOKENS.token("a\udcfe")
