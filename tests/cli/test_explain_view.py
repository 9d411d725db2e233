"""Why a way won or lost, for people and for programs."""

from pathlib import Path

import msgspec
import pytest

from plg.cli.explain_view import exit_explanation, explain_document, explanation, show_routes
from plg.cli.language import Language, speak
from plg.cli.route_finding import FoundRoutes
from plg.contract.routes import RouteVerdict
from plg.tunnel.grants import HostPort
from support.found_routes import found_routes
from support.inside import invocation_at
from support.route_bodies import route_candidate, route_transit

COLUMNS = 80


def page(found: FoundRoutes) -> str:
    lines = explanation(found)
    assert [line for line in lines if len(line) > COLUMNS] == []
    return " ".join(" ".join(lines).split())


def two_exits() -> FoundRoutes:
    return found_routes(
        route_candidate(
            "fra1",
            client_ms=12,
            game_leg_ms=9,
            load_penalty_ms=5,
            loss_penalty_ms=2,
            client_loss_percent=0.2,
            bias_ms=1,
        ),
        route_candidate("ams1", client_ms=30, game_leg_ms=15),
    )


def test_every_term_of_the_sum_is_named_and_the_loser_is_told_by_how_much() -> None:
    text = page(two_exits())
    assert "1. Fra1 (Frankfurt, DE)" in text
    assert "you to it 12 ms + it to the game 9.0 ms + players' experience 1.0 ms" in text
    assert "measured by it to the game's own network, eu, 12 s ago" in text
    assert "penalties: loss +2.0 ms, load +5.0 ms; score 29 ms" in text
    assert "standby, behind by 16 ms" in text
    assert "Boosted by 36 ms: 22 ms through Fra1, 58 ms direct." in text


def test_transits_of_an_exit_are_listed_with_what_they_add() -> None:
    found = found_routes(
        route_candidate(
            "fra1",
            transits=[
                route_transit("ams1"),
                route_transit("far1", verdict=RouteVerdict.DETOUR, adds_ms=70.0),
                msgspec.structs.replace(
                    route_transit("new1", verdict=RouteVerdict.UNKNOWN_WAY, adds_ms=None), predicted_total_ms=None
                ),
            ],
        )
    )
    text = page(found)
    assert "via Ams1: 34 ms (+4.0 ms), possible" in text
    assert "via Far1: 34 ms (+70.0 ms), too long a detour" in text
    assert "via New1: a part of its way is not known" in text


def test_it_is_said_when_the_own_measurement_overrules_the_server() -> None:
    found = found_routes(
        route_candidate("fra1", client_ms=12, game_leg_ms=9),
        route_candidate("ams1", client_ms=30, game_leg_ms=15),
        own={"fra1": 90.0},
    )
    text = page(found)
    assert "1. Ams1" in text
    assert "measured again: 90 ms, at first 12 ms" in text
    assert "Your own measurement overrules the server, which put Fra1 first." in text
    assert "Ams1 is better by 54 ms." in text
    document = explain_document(found)
    assert (document.chosen, document.because, document.overruled) == ("ams1", "own_measurement", "fra1")


def test_an_exit_that_fell_silent_since_is_told_apart_from_one_that_the_server_rules_out() -> None:
    text = page(
        found_routes(
            route_candidate("fra1"),
            route_candidate("ams1"),
            route_candidate("lon1", verdict=RouteVerdict.FULL),
            own={"fra1": None},
        )
    )
    assert "- Fra1 (Frankfurt, DE)" in text
    assert "does not answer you" in text
    assert "full" in text
    assert "overrules the server" in text


def test_the_exit_of_the_last_session_is_kept_and_that_is_said() -> None:
    found = found_routes(
        route_candidate("fra1", client_ms=12, game_leg_ms=9),
        route_candidate("ams1", client_ms=14, game_leg_ms=11),
        previous="ams1",
    )
    text = page(found)
    assert "Ams1 is kept from the last session: 4.0 ms are too little to change." in text
    assert "better by 4.0 ms, too little to change" in text


def test_relays_that_lied_lately_are_passed_over_in_sight() -> None:
    found = found_routes(route_candidate("fra1"), route_candidate("liar"), distrusted=frozenset({"liar"}))
    assert "Liar: passed over, its claims were wrong within the last day" in page(found)
    assert [(entry.server.node_id, entry.rank) for entry in explain_document(found).exits] == [
        ("fra1", 1),
        ("liar", None),
    ]


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        ({"game_leg_ms": None, "score_ms": 80.0}, "nobody has measured its way to the game"),
        ({"leg": "doubted"}, "it claims 10 ms, which does not fit what others measure"),
        ({"leg": "estimated"}, "measured by it to a host that stands for the region"),
    ],
)
def test_how_a_leg_was_measured_is_told(candidate: dict[str, object], said: str) -> None:
    kind = candidate.pop("leg", None)
    made = route_candidate("fra1", **candidate)  # type: ignore[arg-type]  # the table above
    if kind is not None:
        made = msgspec.structs.replace(made, game_leg_doubted=kind == "doubted", game_leg_estimated=kind == "estimated")
    assert said in page(found_routes(made))


@pytest.mark.parametrize(
    ("way_ms", "direct_ms", "lost", "said", "verdict"),
    [
        (20, 58, 0, "Boosted by 38 ms", "boost"),
        (55, 58, 0, "Direct is as good: boosting gains only 3.0 ms", "direct"),
        (80, 58, 0, "Direct is better by 22 ms", "direct"),
        (65, 58, 3, "Boosted against loss, 7.0 ms longer", "boost"),
        (20, None, 0, "Not known whether boosting helps", "unknown"),
    ],
)
def test_the_verdict_is_one_sentence(
    way_ms: float, direct_ms: float | None, lost: int, said: str, verdict: str
) -> None:
    found = found_routes(
        route_candidate("fra1", client_ms=way_ms - 10, game_leg_ms=10), direct_ms=direct_ms, direct_lost=lost
    )
    assert said in page(found)
    assert explain_document(found).verdict == verdict


def test_without_a_usable_relay_the_game_stays_on_its_way() -> None:
    found = found_routes(route_candidate("fra1", verdict=RouteVerdict.DRAINING), target=HostPort("192.0.2.7", 27960))
    text = page(found)
    assert "No relay can be used" in text
    assert text.startswith("OpenArena, 192.0.2.7:27960, region eu")
    assert (explain_document(found).because, explain_document(found).chosen) == ("nothing_usable", None)


def test_programs_get_every_term(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_routes(invocation_at(tmp_path, as_json=True), two_exits())
    document = msgspec.json.decode(capsys.readouterr().out)
    assert (document["schema"], document["chosen"], document["standby"]) == ("plg.explain/1", "fra1", "ams1")
    first = document["exits"][0]
    assert first["server"]["load_penalty_ms"] == 5
    assert (first["own_ms"], first["own_total_ms"], first["rank"]) == (12, 22, 1)
    assert (document["boosted_ms"], document["gain_ms"], document["direct"]["rtt_ms"]) == (22, 36, 58)


def test_the_page_is_for_people_who_read_russian_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    speak(Language.RU)
    show_routes(invocation_at(tmp_path), two_exits())
    shown = capsys.readouterr().out
    assert "Boosted" not in shown
    assert [line for line in shown.splitlines() if len(line) > COLUMNS] == []


def test_one_relay_alone_says_why_it_won_or_lost_and_what_was_counted() -> None:
    found = two_exits()
    assert exit_explanation(found, "fra1")[:2] == [
        "chosen",
        "you to it 12 ms + it to the game 9.0 ms + players' experience 1.0 ms",
    ]
    assert exit_explanation(found, "ams1")[0] == "standby, behind by 16 ms"
    assert exit_explanation(found, "nowhere") == []
    distrusted = found_routes(route_candidate("fra1"), route_candidate("bad1"), distrusted=frozenset({"bad1"}))
    assert "its claims were wrong" in exit_explanation(distrusted, "bad1")[0]
