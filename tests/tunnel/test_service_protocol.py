"""What may be asked of the service: strict, bounded, and never a word of a command line that was not meant as a value."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer.main
from hypothesis import given
from hypothesis import strategies as st

from plg.cli.connect import app
from plg.tunnel.service_protocol import (
    BadServiceMessage,
    CommandEnd,
    ServiceAnswer,
    ServiceRequest,
    ServiceWish,
    encode,
    read_answer,
    read_request,
    service_port_file,
    service_socket,
)

WISH = {"game": "openarena", "server": "http://127.0.0.1:8080"}


def request(**changes: Any) -> bytes:
    return json.dumps({"ask": "connect", "wish": WISH} | changes).encode()


def wish(**changes: Any) -> bytes:
    return request(wish=WISH | changes)


def test_a_request_survives_the_way_through_json() -> None:
    asked = ServiceRequest(
        ask="connect",
        wish=ServiceWish(game="cs2", server="https://plg.example.org", interfaces=("wlan0", "eth0"), seconds=2.5),
        config_directory="/srv/alice/config",
        attached=True,
    )
    assert read_request(encode(asked)) == asked
    answer = ServiceAnswer(end=CommandEnd(exit_code=9, out="", err="plg: no\n"))
    assert read_answer(encode(answer)) == answer


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"ask":"about","more":1}', b'{"ask":"shell"}', b'{"ask":"connect"}',
        b'{"ask":"about","wish":{"game":"x","server":"http://h"}}', request(ask="restore"),
        request(config_directory="relative/path"), request(config_directory="/home/../etc"), request(config_directory="/a\x00b"),
        request(config_directory="/" + "x" * 2000), request(runtime_directory=""), request(language="de"), request(keep_tokens="x"),
        request(access_token="two words"), request(access_token="x" * 5000), request(access_token="a\nPLG_X=1"), request(environ={"LD_PRELOAD": "/x"}),
        wish(game=""), wish(game="x" * 65), wish(game="a\nb"), wish(server="file:///etc/passwd"), wish(server="http://a b"), wish(server="-x"),
        wish(target="a b:1"), wish(capture="ebpf"), wish(listen_port=65536), wish(listen_port=-1), wish(listen_port=1.5), wish(mode="fast"),
        wish(max_overhead=0.5), wish(max_overhead=1e9), wish(interfaces=["a,b"]), wish(interfaces=["a/b"]), wish(interfaces=["x"] * 17),
        wish(seconds=-1), wish(force="yes"), wish(argv=["rm"]),
    ],
)  # fmt: skip
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(BadServiceMessage):
        read_request(line)


@pytest.mark.parametrize("line", [b"", b"{", b'{"end":{}}', b"[" * 100_000])
def test_an_answer_that_makes_no_sense_is_told(line: bytes) -> None:
    with pytest.raises(BadServiceMessage):
        read_answer(line)


def test_the_words_are_those_of_the_command() -> None:
    asked = ServiceWish(
        game="cs2", server="https://h", target="192.0.2.7:27015", capture="proxy", listen_port=27015, node="lab", take_over=True,
        mode="adaptive", max_overhead=1.5, interfaces=("wlan0", "eth0"), force=True, standby=False, seconds=3.0, metrics="127.0.0.1:9464",
    )  # fmt: skip
    assert asked.words() == [
        "--server=https://h", "--target=192.0.2.7:27015", "--capture=proxy", "--listen=127.0.0.1:27015", "--node=lab", "--mode=adaptive",
        "--max-overhead=1.5", "--via=wlan0,eth0", "--seconds=3.0", "--metrics=127.0.0.1:9464", "--take-over", "--force", "--no-standby",
        "--", "cs2",
    ]  # fmt: skip
    assert ServiceWish(game="cs2", server="https://h").words() == ["--server=https://h", "--capture=auto", "--", "cs2"]


texts = st.text(min_size=1, max_size=64).filter(str.isprintable)


@given(game=texts, node=texts, target=st.from_regex(r"[!-~]{3,40}", fullmatch=True))
def test_no_value_is_ever_taken_for_an_option(game: str, node: str, target: str) -> None:
    asked = read_request(wish(game=game, node=node, target=target)).wish
    assert asked is not None
    command = typer.main.get_command(app)
    given_values = command.make_context("connect", asked.words()).params
    assert (given_values["game"], given_values["node"], given_values["target"]) == (game, node, target)
    assert (given_values["force"], given_values["detach"], given_values["take_over"]) == (False, False, False)


def test_each_user_has_a_socket_of_his_own() -> None:
    assert service_socket(1000) == Path("/run/plg-service/1000/service.sock")
    assert service_socket(1000, "/tmp/x") == Path("/tmp/x/1000/service.sock")
    assert service_port_file("/tmp/x", None) == Path("/tmp/x/service.json")
