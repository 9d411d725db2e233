"""When an exit is left for its standby: a table of histories in fake time."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.contract.games import AddressChange
from plg.tunnel.exit_switch import (
    AFTER_OUTAGE_S,
    ANSWER_COUNTS_S,
    ASK_SLOWLY_AFTER_S,
    HOLD_AGILE_S,
    HOLD_BOUND_S,
    SILENT_IDLE_S,
    SILENT_PLAYING_S,
    ExitSwitch,
    SwitchState,
    hold_s,
)

Answers = Callable[[float], bool]
"""Whether a relay answers a question asked at a time."""

RTT_S = 0.05
ALWAYS: Answers = lambda _at_s: True  # noqa: E731 - a table of conditions
NEVER: Answers = lambda _at_s: False  # noqa: E731


@dataclass
class Story:
    """An exit and another relay as `exit_answers` and `other_answers` say; the exit is in play until it fails to answer."""

    exit_answers: Answers
    other_answers: Answers = ALWAYS
    hold: float = HOLD_BOUND_S
    is_playing: bool = True
    is_ready: bool = True
    switched_at_s: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    states: set[SwitchState] = field(default_factory=set)

    def run(self, seconds: float) -> "Story":
        self.switch = ExitSwitch(self.hold)
        exit_heard = 0.0
        other_heard: float | None = None
        arrivals: list[tuple[float, str]] = []
        steady_s, now = 0.0, 0.0
        look_s: float | None = 0.0
        while now < seconds:
            if self.exit_answers(steady_s):
                arrivals.append((steady_s, "exit"))
            steady_s += 0.02  # the game server's own packets, 50 a second
            moments = [steady_s, *(at for at, _ in arrivals if at >= now), *([look_s] if look_s is not None else [])]
            now = max(now, min(moments))
            for at, who in [entry for entry in arrivals if entry[0] <= now]:
                arrivals.remove((at, who))
                if who == "exit":
                    exit_heard = max(exit_heard, at)
                else:
                    other_heard = at
            if look_s is None or now < look_s:
                continue
            decision = self.switch.look(
                now,
                heard_at_s=exit_heard,
                is_playing=self.is_playing,
                others_heard_at_s=other_heard,
                is_ready=self.is_ready,
            )
            self.states.add(self.switch.state)
            if decision.switch:
                self.switched_at_s.append(now)
                self.heard_at_switch = (exit_heard, other_heard)
            if decision.ask:
                self.asked.append(now)
                arrivals += [(now + RTT_S, "exit")] if self.exit_answers(now) else []
                arrivals += [(now + RTT_S, "other")] if self.other_answers(now) else []
            assert decision.next_look_s is None or decision.next_look_s > now
            look_s = decision.next_look_s
        return self


def dies_at(moment_s: float) -> Answers:
    return lambda at_s: at_s < moment_s


def away(first_s: float, last_s: float) -> Answers:
    return lambda at_s: not first_s <= at_s < last_s


def test_an_exit_that_answers_is_never_left_and_nobody_is_asked() -> None:
    story = Story(ALWAYS).run(60)
    assert story.switched_at_s == []
    assert story.asked == []
    assert story.states == {SwitchState.WATCHING}


@pytest.mark.parametrize(
    ("hold", "latest_s"), [(HOLD_AGILE_S, 0.95), (HOLD_BOUND_S, 3.65)], ids=["agile game", "bound game"]
)
def test_a_dead_exit_is_left_exactly_once_after_silence_and_hold(hold: float, latest_s: float) -> None:
    story = Story(dies_at(10.0), hold=hold).run(60)
    assert len(story.switched_at_s) == 1
    assert SILENT_PLAYING_S + hold - 0.03 <= story.switched_at_s[0] - 10.0 <= latest_s
    assert story.switch.state is SwitchState.SWITCHED


def test_the_hold_is_short_for_games_that_mend_a_change_of_address_only() -> None:
    assert hold_s(AddressChange.AGILE) == HOLD_AGILE_S
    assert {hold_s(kind) for kind in AddressChange if kind is not AddressChange.AGILE} == {HOLD_BOUND_S}


def test_when_nobody_answers_the_fault_is_near_the_player_and_the_exit_is_kept() -> None:
    story = Story(away(10, 40), away(10, 40)).run(60)
    assert story.switched_at_s == []
    assert SwitchState.OUTAGE in story.states
    assert story.switch.state is SwitchState.WATCHING


def test_after_an_outage_of_the_players_network_the_exit_gets_its_time_to_answer_even_in_agile_games() -> None:
    story = Story(away(10, 40 + AFTER_OUTAGE_S - 0.2), away(10, 40), hold=HOLD_AGILE_S).run(60)
    assert story.switched_at_s == []
    assert story.switch.state is SwitchState.WATCHING


def test_an_exit_that_stays_silent_when_the_players_network_is_back_is_left() -> None:
    story = Story(dies_at(10), away(10, 40), hold=HOLD_AGILE_S).run(60)
    assert len(story.switched_at_s) == 1
    assert 40 + AFTER_OUTAGE_S <= story.switched_at_s[0] <= 42.5


def test_an_exit_that_returns_within_the_hold_is_kept_and_counted_as_rescued() -> None:
    story = Story(away(10, 12.5)).run(60)
    assert story.switched_at_s == []
    assert story.switch.rescues == 1


def test_when_the_others_fall_silent_within_the_hold_it_begins_anew() -> None:
    story = Story(dies_at(10), away(12, 20)).run(60)
    assert len(story.switched_at_s) == 1
    assert story.switched_at_s[0] >= 20 + HOLD_BOUND_S


def test_without_a_standby_nothing_is_switched() -> None:
    assert Story(dies_at(10), is_ready=False).run(60).switched_at_s == []


def test_outside_play_three_pings_must_be_missing() -> None:
    story = Story(dies_at(10), is_playing=False).run(60)
    assert story.switched_at_s[0] - 10 >= SILENT_IDLE_S + HOLD_BOUND_S - 0.03


def test_a_long_outage_is_asked_about_slowly() -> None:
    story = Story(dies_at(10), NEVER).run(120)
    late = [at_s for at_s in story.asked if at_s > 10 + ASK_SLOWLY_AFTER_S]
    assert 95 <= len(late) <= 101
    assert len(story.asked) - len(late) <= 105


outages = st.lists(st.tuples(st.floats(0, 20), st.floats(0.05, 8)), max_size=4)


def _up(spans: list[tuple[float, float]]) -> Answers:
    return lambda at_s: not any(first <= at_s < first + length for first, length in spans)


@given(exit_away=outages, other_away=outages, agile=st.booleans())
def test_any_history_gives_at_most_one_switch_and_none_before_silence_and_hold_are_over(
    exit_away: list[tuple[float, float]], other_away: list[tuple[float, float]], agile: bool
) -> None:
    hold = HOLD_AGILE_S if agile else HOLD_BOUND_S
    story = Story(_up(exit_away), _up(other_away), hold=hold).run(30)
    assert len(story.switched_at_s) <= 1
    for at_s in story.switched_at_s:
        heard_at_s, others_heard_at_s = story.heard_at_switch
        assert at_s - heard_at_s >= SILENT_PLAYING_S + hold - 1e-9
        assert others_heard_at_s is not None
        assert at_s - others_heard_at_s <= ANSWER_COUNTS_S
