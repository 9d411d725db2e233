"""What a running tunnel looks like."""

import json
from pathlib import Path

import pytest

from plg.cli.tunnel_view import TunnelView
from plg.tunnel.tunnel_event import Happening, TunnelEvent
from support.inside import invocation_at
from support.talking_tunnel import STATUS


class Shown:
    def __init__(self) -> None:
        self.asked_to_stop: list[object] = []

    def request_stop(self, mode: object, reason: str) -> None:
        self.asked_to_stop.append(reason)

    def status(self) -> object:
        return STATUS


def view_at(tmp_path: Path, *, as_json: bool) -> TunnelView:
    view = TunnelView(invocation_at(tmp_path, as_json=as_json))
    view.watch(Shown())  # type: ignore[arg-type]  # only its status is looked at
    return view


def test_programs_get_events_and_statuses_as_lines_of_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    view = view_at(tmp_path, as_json=True)
    view.happened(TunnelEvent(Happening.CONNECTED, {"relay": "r1", "capture": "divert"}))
    view.finish()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["schema"] for line in lines] == ["plg.event/1", "plg.status/1", "plg.status/1"]
    assert lines[0]["detail"] == {"relay": "r1", "capture": "divert"}
    assert view.was_connected


def test_a_log_gets_a_plain_line_now_and_then_and_remarks_on_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    view = view_at(tmp_path, as_json=False)
    for _ in range(5):
        view.show()
    view.happened(TunnelEvent(Happening.RELAY_LOST, {"name": "r1", "reason": "silent", "live_flows": 1}))
    view.finish()
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 1
    assert captured.out.startswith("connected | lab-game")
    assert captured.err == "The relay r1 is lost (silent): the game goes straight until another one is found\n"


@pytest.mark.parametrize(("flows", "word"), [(1, "1 connection of"), (3, "3 connections of")])
def test_flows_that_are_left_alone_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flows: int, word: str
) -> None:
    view_at(tmp_path, as_json=False).happened(TunnelEvent(Happening.FLOWS_LEFT_DIRECT, {"flows": flows}))
    assert capsys.readouterr().err.startswith(word)


def test_every_happening_has_a_sentence_or_is_for_programs_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = ("name", "because", "reason", "relay", "address", "target", "seconds", "flows", "via", "to")
    detail = dict.fromkeys(known, 1)
    view = view_at(tmp_path, as_json=False)
    for what in Happening:
        view.happened(TunnelEvent(what, {**detail}))
    assert "{" not in capsys.readouterr().err


def test_a_reader_that_has_gone_ends_the_tunnel_and_never_disturbs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = TunnelView(invocation_at(tmp_path, as_json=True))
    shown = Shown()
    view.watch(shown)  # type: ignore[arg-type]  # only its status and its stop are used

    class Gone:
        def write(self, _text: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

        def fileno(self) -> int:
            raise OSError

    monkeypatch.setattr("sys.stdout", Gone())
    for _ in range(3):
        view.show()
        view.happened(TunnelEvent(Happening.STOPPING))
    view.finish()
    assert shown.asked_to_stop == ["output_closed"]


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (TunnelEvent(Happening.PATH_DOWN, {"path": 1, "via": "Amsterdam 1"}), "No answer by way of Amsterdam 1; the other ways carry on"),
        (TunnelEvent(Happening.PATH_UP, {"path": 1, "via": "Amsterdam 1"}), "Way through Amsterdam 1 is open"),
        (TunnelEvent(Happening.PATH_DOWN, {"path": 0, "via": None}), ""),
        (TunnelEvent(Happening.PRIMARY_CHANGED, {"path": 1, "via": "Amsterdam 1"}), ""),
        (TunnelEvent(Happening.TRANSIT_REPLACED, {"path": 1, "name": "Paris 1"}), "Second way now through Paris 1"),
        (TunnelEvent(Happening.DEGRADED, {"because": "one relay is up", "ways": 1}), "One way only: one relay is up"),
        (TunnelEvent(Happening.DEGRADED, {"because": "no standby", "ways": 2}), "Fewer ways than asked for: no standby"),
        (
            TunnelEvent(Happening.EXIT_SWITCHED, {"from": "A", "to": "B", "reason": "silent for 3.6 s", "live_flows": 1, "epoch": 1}),
            "Exit lost (silent for 3.6 s): now through B; the game may reconnect",
        ),
        (TunnelEvent(Happening.RELAY_DISTRUSTED, {"name": "A"}), "A claims a shorter way than there is; it is passed over for a day"),
    ],
    ids=lambda value: value.what.value if isinstance(value, TunnelEvent) else "",
)  # fmt: skip
def test_what_happens_to_ways_and_exits_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], event: TunnelEvent, sentence: str
) -> None:
    view_at(tmp_path, as_json=False).happened(event)
    assert capsys.readouterr().err.strip() == sentence
