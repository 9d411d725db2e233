"""The words of e-mails and what is safe in them."""

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg_server.services.mail_kinds import RULES, MailKind, MailLanguage
from plg_server.services.mail_texts import (
    Undeliverable,
    compose,
    deliverable_address,
    one_line,
    service_name,
    when,
    write,
)

NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
LINK = "https://plg.example.org/account/reset#abc"


def facts_of(kind: MailKind, **changes: str) -> dict[str, str]:
    """Something for each fact of the kind."""
    return {name: f"<{name}>" for name in RULES[kind].facts} | changes


def a_message(
    kind: MailKind, language: MailLanguage, facts: dict[str, str], to: str = "ann@example.org"
) -> EmailMessage:
    """As the outbox makes it."""
    letter = write(kind, language, facts, "PLG")
    return compose(letter, language, facts, to=to, sender="PLG <a@plg.example.org>", mail_id="77", now=NOW)


@pytest.mark.parametrize("language", list(MailLanguage))
@pytest.mark.parametrize("kind", list(MailKind))
def test_every_kind_has_a_text_in_every_language_that_uses_all_its_facts(
    kind: MailKind, language: MailLanguage
) -> None:
    letter = write(kind, language, facts_of(kind), "PLG")
    whole = letter.subject + letter.text
    assert 0 < len(letter.subject) <= 78
    assert [name for name in RULES[kind].facts if f"<{name}>" not in whole] == []
    assert "{" not in whole
    assert any("а" <= character <= "я" for character in letter.text) is (language is MailLanguage.RU)


@pytest.mark.parametrize("language", list(MailLanguage))
def test_a_server_that_does_not_know_its_address_sends_no_link(language: MailLanguage) -> None:
    with_link = write(MailKind.RESET, language, {"code": "AB", "link": LINK}, "PLG").paragraphs
    without = write(MailKind.RESET, language, {"code": "AB", "link": ""}, "PLG").paragraphs
    assert LINK in with_link
    assert len(with_link) - len(without) == 2


@pytest.mark.parametrize("language", list(MailLanguage))
def test_a_receipt_for_a_plan_without_an_end_names_none(language: MailLanguage) -> None:
    ended = write(MailKind.RECEIPT, language, facts_of(MailKind.RECEIPT), "PLG").paragraphs
    endless = write(MailKind.RECEIPT, language, facts_of(MailKind.RECEIPT, ends_on=""), "PLG").paragraphs
    assert endless == ended[:-1]
    assert "<ends_on>" in ended[-1]


@pytest.mark.parametrize("language", list(MailLanguage))
def test_a_new_device_s_e_mail_says_how_to_end_it_also_when_it_has_no_name(language: MailLanguage) -> None:
    text = write(MailKind.NEW_DEVICE, language, {"at": "now", "device": "", "address": ""}, "PLG").text
    assert "plg account devices revoke" in text
    assert "plg account password" in text
    assert not {'""', "«»", " ,", " ."} & {text[n : n + 2] for n in range(len(text))}


def test_a_message_says_who_what_when_and_that_a_machine_wrote_it() -> None:
    message = a_message(MailKind.RESET, MailLanguage.RU, {"code": "AB", "link": LINK})
    assert message["From"] == "PLG <a@plg.example.org>"
    assert message["To"] == "ann@example.org"
    assert message["Message-ID"] == "<77@plg.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Wed, 04 Mar 2026 05:06:00 +0000"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_the_page_says_the_same_makes_only_our_link_one_and_loads_nothing() -> None:
    facts = {"at": "x", "device": "phone <script>alert(1)</script> http://evil.example.org/", "address": "192.0.2.1"}
    message = a_message(MailKind.NEW_DEVICE, MailLanguage.EN, facts)
    page = str(message.get_body(("html",)).get_content())  # type: ignore[union-attr]  # it has one
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "href" not in page
    assert "src=" not in page
    linked = a_message(MailKind.RESET, MailLanguage.EN, {"code": "AB", "link": LINK})
    assert f'<a href="{LINK}">' in str(linked.get_body(("html",)).get_content())  # type: ignore[union-attr]  # it has one


@given(text=st.text(max_size=200), address=st.text(max_size=60))
def test_no_fact_and_no_address_makes_a_header_or_a_paragraph(text: str, address: str) -> None:
    facts = {"at": "now", "device": text, "address": text}
    letter = write(MailKind.NEW_DEVICE, MailLanguage.EN, facts, "PLG")
    usual = write(MailKind.NEW_DEVICE, MailLanguage.EN, {"at": "now", "device": "d", "address": "a"}, "PLG")
    assert (letter.subject, len(letter.paragraphs)) == (usual.subject, len(usual.paragraphs))
    try:
        message = compose(
            letter, MailLanguage.EN, facts, to=f"{address}@example.org", sender="a@example.org", mail_id="1", now=NOW
        )
    except Undeliverable:
        return
    assert sorted(message.keys()) == sorted(
        [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "Auto-Submitted",
            "MIME-Version",
            "Content-Type",
            "Content-Language",
        ]
    )
    assert len(message["To"].addresses) == 1


@pytest.mark.parametrize(
    "address",
    ["", "ann", "@example.org", "ann@", "a,b@example.org", "a b@example.org", "<a>@example.org", "a\r\nBcc: b@example.org",
     "a@example.org, b@example.org", "a@b@example.org", ".a@example.org", "a..b@example.org", "a@-example.org", "a@exa_mple.org",
     "a@example..org", "a@[127.0.0.1]", "a\"b@example.org", "a@" + "x" * 64 + ".org"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(Undeliverable) as refusal:
        deliverable_address(address)
    assert len(address) < 4 or address not in str(refusal.value)


def test_a_domain_of_any_script_goes_out_in_the_form_of_the_dns() -> None:
    assert deliverable_address("ann@пример.рф").addr_spec == "ann@xn--e1afmkfd.xn--p1ai"


def test_the_server_is_called_by_its_name_its_address_or_its_domain() -> None:
    assert service_name("My PLG <a@example.org>", "https://plg.example.org") == "My PLG"
    assert service_name("a@example.org", "https://plg.example.org:8443/") == "plg.example.org:8443"
    assert service_name("a@example.org", None) == "example.org"


def test_one_line_keeps_what_can_be_read() -> None:
    assert one_line(" a\r\nb\x00\u202ec ") == "a b c"


def test_a_time_in_an_email_says_its_zone() -> None:
    assert when(datetime(2026, 3, 4, 5, 6, tzinfo=UTC)) == "2026-03-04 05:06 UTC"
