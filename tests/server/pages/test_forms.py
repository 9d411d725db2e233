"""Fields of forms, from bytes to structs."""

from typing import Annotated

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from plg.contract.schema import Request
from plg_server.pages.forms import FIELDS_LIMIT, FormRefused, Typed, form_as, is_list, read_form
from plg_server.problems import ApiError

FORM = "application/x-www-form-urlencoded"
LIMIT_BYTES = 4096


class Widget(Request, frozen=True, kw_only=True):
    """A field of each kind."""

    name: Annotated[str, msgspec.Meta(min_length=2, max_length=10)]
    count: int = 0
    is_big: bool = False
    note: str | None = None
    new_password: str = ""
    colours: Annotated[list[str], msgspec.Meta(max_length=3)] = msgspec.field(default_factory=list)


class Body:
    """What a client sent, as the part of a stream that is read."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = pieces

    async def iter_any(self):  # type: ignore[no-untyped-def]  # an async generator of bytes
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


async def read(*pieces: bytes | Exception, **headers: str) -> Typed:
    named = {"Content-Type": FORM} | {name.replace("_", "-"): text for name, text in headers.items()}
    request = make_mocked_request("POST", "/", headers=named, payload=Body(*pieces))  # type: ignore[arg-type]  # as much of a stream as is used
    return await read_form(request, LIMIT_BYTES)


async def refusal(*pieces: bytes | Exception, **headers: str) -> int:
    with pytest.raises(ApiError) as caught:
        await read(*pieces, **headers)
    return caught.value.status


async def test_a_form_is_read_in_any_pieces_with_its_fields_in_order() -> None:
    typed = await read(b"name=a%20b&colours=re", b"d&colours=blue&empty=&text=1%0D%0A2")
    assert typed.values == {"name": ["a b"], "colours": ["red", "blue"], "empty": [""], "text": ["1\n2"]}
    assert (typed.one("colours"), typed.one("missing")) == ("red", "")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b"name=%ff%fe"),
        (400, "name=\u00e9".encode()),
        (400, b"&".join(b"f%d=" % number for number in range(FIELDS_LIMIT + 1))),
        (413, b"name=" + b"a" * LIMIT_BYTES),
        (422, b"name=%00"),
        (422, b"na%00me=1"),
        (400, ConnectionResetError()),
        (400, web.RequestPayloadError()),
    ],
)
async def test_what_is_no_form_of_ours_is_refused(status: int, body: bytes | Exception) -> None:
    assert await refusal(body) == status


@pytest.mark.parametrize(
    "headers", [{"Content_Type": "multipart/form-data; boundary=x"}, {"Content_Type": "text/plain"}, {"Content_Encoding": "gzip"}]
)  # fmt: skip
async def test_only_plain_urlencoded_forms_are_read(headers: dict[str, str]) -> None:
    assert await refusal(b"name=a", **headers) == 415


async def test_a_form_that_does_not_arrive_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg_server.pages.forms.BODY_WAIT_S", 0.0)
    assert await refusal(TimeoutError()) == 400


def test_numbers_switches_lists_and_fields_left_empty() -> None:
    typed = Typed(
        {"name": ["  ann "], "count": ["7"], "is_big": ["true"], "note": [""], "colours": ["", "red", "blue"]}
    )
    assert form_as(typed, Widget) == Widget(name="ann", count=7, is_big=True, colours=["red", "blue"])


def test_a_space_in_a_password_is_meant() -> None:
    assert form_as(Typed({"name": ["ann"], "new_password": [" a b "]}), Widget).new_password == " a b "


@pytest.mark.parametrize("values", [{}, {"name": ["a"]}, {"name": ["ann"], "count": ["many"]}, {"name": ["ann"], "other": ["x"]},
                                    {"name": ["ann"], "colours": ["1", "2", "3", "4"]}])  # fmt: skip
def test_a_field_that_cannot_be_right_refuses_the_form(values: dict[str, list[str]]) -> None:
    with pytest.raises(FormRefused):
        form_as(Typed(values), Widget)


@given(
    st.dictionaries(
        st.sampled_from(["name", "count", "is_big", "note", "colours", "x"]), st.lists(st.text(), max_size=4)
    )
)
def test_whatever_stands_in_the_fields_is_a_form_or_refused(values: dict[str, list[str]]) -> None:
    filled = {name: texts for name, texts in values.items() if texts}
    try:
        form = form_as(Typed(filled), Widget)
    except FormRefused as error:
        assert error.message  # noqa: PT017 - either end is right
    else:
        assert form.name in [text.strip() for text in filled["name"]]


def test_secrets_do_not_go_back_into_the_page() -> None:
    names = ["email", "password", "new_password", "totp", "csrf", "token", "client_secret", "code", "plan"]
    assert set(Typed({name: ["x"] for name in names}).shown()) == {"email", "plan"}


def test_which_types_take_all_that_was_ticked() -> None:
    assert is_list(list[str])
    assert is_list(Annotated[list[str], msgspec.Meta(max_length=3)])
    assert not is_list(str)
    assert not is_list(None)
