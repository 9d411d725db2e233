"""Nothing secret leaves: secrets of every kind, planted in texts of every kind, are in no redacted text."""

import base64
import json
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.doctor.redaction import Redactor

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhMSIsImlhdCI6MX0.c2lnbmF0dXJlLW9mLWl0"
REFRESH = "rt_Zm9vYmFyYmF6cXV4MTIz"
KEY = base64.b64encode(bytes(range(32))).decode()
HEXADECIMAL = bytes(range(100, 132)).hex()
PASSWORD = "hunter-correct-horse"
EMAIL = "ann.smith+games@mail.example.org"
IPV4 = "93.184.216.34"
IPV6 = "2a00:1450:4001:829::200e"

PLANTED = {
    "bearer": (f"Authorization: Bearer {REFRESH}", REFRESH),
    "basic": ("authorization: Basic YW5uOmh1bnRlcg==", "YW5uOmh1bnRlcg"),
    "jwt alone": (f"token was {JWT} and expired", JWT),
    "json": (f'{{"refresh_token":"{REFRESH}","n":1}}', REFRESH),
    "json with a quote in it": ('{"password": "a\\"quoted\\"secret"}', "quoted"),
    "toml": (f'enrol_token = "{REFRESH}"', REFRESH),
    "toml single quotes": (f"password = '{PASSWORD}'", PASSWORD),
    "environment": (f"PLG_TOKEN={PASSWORD} plg connect", PASSWORD),
    "option": (f"plg relay enrol --token {PASSWORD} --port 443", PASSWORD),
    "option with =": (f"plg relay enrol --token={PASSWORD}", PASSWORD),
    "url password": (f"https://ann:{PASSWORD}@plg.example.org/x", PASSWORD),
    "database url": (f"postgres://plg:{PASSWORD}@db.example.org:5432/plg", PASSWORD),
    "url query": (f"GET https://pay.example.org/api?access_token={PASSWORD}&x=1", PASSWORD),
    "web hook": ("https://hooks.example.com/services/T00/B00/XXXXXXXXabcdXXXXXXXX", "XXXXXXXXabcdXXXXXXXX"),
    "base64 key": (f"peer {KEY} allowed", KEY),
    "hex key": (f"K={HEXADECIMAL}", HEXADECIMAL),
    "cookie": ("Set-Cookie: session=abcdef123456; Path=/", "abcdef123456"),
    "pem": ("-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\n-----END PRIVATE KEY-----", "MIGHAgEAMBMG"),
    "half a pem": ("x -----BEGIN EC PRIVATE KEY-----\nMIGHAgEAMBMG\n", "MIGHAgEAMBMG"),
    "e-mail": (f"logged in as {EMAIL}.", "smith"),
    "e-mail in a url": ("https://x.example.org/?who=ann.smith%40mail.example.org", "smith"),
    "e-mail escaped": (r'{"email": "ann.smith\u0040mail.example.org"}', "smith"),
    "ipv4": (f"relay {IPV4}:443 lost", IPV4),
    "ipv4 at the end": (f"from {IPV4}.", IPV4),
    "ipv4 in a host name": ("ip-93-184-216-34.provider.example", "93-184-216-34"),
    "ipv4 mapped": (f"::ffff:{IPV4} wrote", IPV4),
    "ipv4 mapped in hexadecimal": ("::ffff:5db8:d822 wrote", "5db8:d822"),
    "ipv6": (f"relay [{IPV6}]:443", IPV6),
    "ipv6 at the end": (f"cannot reach {IPV6}: timed out", IPV6),
    "ipv6 with its zone": ("fe80::5054:ff:fe12:3456%eth0 is up", "fe12:3456"),
    "hardware address": ("link 52:54:00:12:34:56 up", "52:54:00:12:34:56"),
}


@pytest.mark.parametrize("kind", sorted(PLANTED))
def test_a_planted_secret_is_not_in_the_redacted_text(kind: str) -> None:
    text, secret = PLANTED[kind]
    redactor = Redactor()
    clean = redactor.text(f"before {text} after\nnext line")
    assert secret.casefold() not in clean.casefold()
    assert clean.startswith("before ")
    assert redactor.masked >= 1


@pytest.mark.parametrize("kind", sorted(PLANTED))
def test_nor_in_the_redacted_json_that_carries_it_in_a_string(kind: str) -> None:
    text, secret = PLANTED[kind]
    clean = Redactor().json(json.dumps({"message": [text], "n": 3}))
    assert secret.casefold() not in clean.casefold()
    assert json.loads(clean)["n"] == 3


def test_a_known_secret_goes_wherever_it_stands_also_within_words() -> None:
    clean = Redactor(["swordfish"]).text("xxswordfishyy and swordfish")
    assert clean == "xx<secret-1>yy and <secret-1>"


def test_a_known_secret_goes_also_in_the_form_that_json_gives_it() -> None:
    assert "back" not in Redactor(['a"back\\slash']).text(json.dumps({"x": 'a"back\\slash'}))


def test_what_belongs_to_a_secret_name_is_secret_whatever_it_looks_like() -> None:
    clean = json.loads(
        Redactor().json('{"mask_key": "plain words", "relay": {"ticket": "T"}, "key": "k", "name": "Fra"}')
    )
    assert clean == {"mask_key": "<secret-1>", "relay": {"ticket": "<secret-2>"}, "key": "<secret-3>", "name": "Fra"}


def test_the_same_thing_has_the_same_mask_in_every_file_and_another_thing_another_one() -> None:
    redactor = Redactor()
    first = redactor.text(f"{IPV4} and 93.184.216.35")
    second = redactor.text(f"again ::ffff:{IPV4}")
    assert first == "<public-address-1> and <public-address-2>"
    assert second == "again <public-address-1>"


def test_names_of_person_and_machine_are_masked_as_whole_words() -> None:
    redactor = Redactor(names={"/homes/annette": "~", "annette": "<user>", "gamebox": "<host>"})
    text = "/homes/annette/.config, /run/user/annette, gamebox: gamebox2 annettes"
    assert redactor.text(text) == "~/.config, /run/user/<user>, <host>: gamebox2 annettes"


@pytest.mark.parametrize(
    "text",
    [
        "192.168.1.1 lost 3 % at 12:30:45, jitter 2.5 ms, 127.0.0.1:8080, ::1",
        "plg 0.1.0 on Linux-6.1.0-18-amd64-x86_64-with-glibc2.36",
        "check_timed_out line_trouble_provider --capture divert CONFIG_NET_CLS_BPF",
        "/usr/lib/python3/dist-packages/plg/capture/divert_linux_handle.py",
        '{"loss_percent": 0.0, "rtt_ms": 21.5, "token_age_min": 5}',
        "2026-11-22T10:11:12.123Z connected to http://127.0.0.1:8080/v1/games",
    ],
)
def test_what_helps_and_harms_nobody_stays(text: str) -> None:
    assert Redactor().text(text) == text


def test_a_second_pass_changes_nothing() -> None:
    redactor = Redactor([PASSWORD])
    once = redactor.text("\n".join(text for text, _ in PLANTED.values()))
    assert redactor.text(once) == once


@given(st.text(max_size=300))
def test_no_text_makes_it_fail(text: str) -> None:
    assert isinstance(Redactor(["secret"], {"ann": "<user>"}).text(text), str)


@given(st.binary(min_size=16, max_size=48), st.sampled_from(["{}", "x={}", '"{}"', "a {} b", "{},", "({})"]))
def test_random_keys_in_base64_and_hexadecimal_are_taken_out(key: bytes, around: str) -> None:
    for form in (base64.b64encode(key).decode(), key.hex()):
        if sum(letter.isdigit() for letter in form) >= 4:  # else it may be a path
            assert form not in Redactor().text(around.format(form))


def test_generated_tokens_are_taken_out() -> None:
    for _ in range(200):
        token = secrets.token_urlsafe(32)
        assert token not in Redactor().text(f"lost {token} here")
