"""What is known of every relay."""

import pytest

from plg.probe.relay_ping import RelayPing
from plg_tui.relay_board import KEPT_ROUNDS, RelayBoard, SortBy
from support.relay_scene import fill, scene_nodes


def order(board: RelayBoard, sort_by: SortBy, *, reverse: bool = False) -> list[str]:
    return [line.node.id for line in board.lines(sort_by, reverse=reverse)]


def test_best_first_is_the_order_of_plg_connect() -> None:
    board = RelayBoard()
    fill(board)
    assert order(board, SortBy.BEST)[:2] == ["fra1", "ams1"]
    assert [line.node.id for line in board.lines() if line.is_chosen] == ["fra1"]


def test_without_a_game_the_order_is_that_of_plg_nodes() -> None:
    board = RelayBoard()
    fill(board, for_game=False)
    assert order(board, SortBy.BEST)[:2] == ["fra1", "ams1"]  # ams1 is nearer, but loses packets
    assert all(line.whole_ms is None and line.gain_ms is None for line in board.lines())


@pytest.mark.parametrize(
    ("sort_by", "first", "last"),
    [
        (SortBy.NAME, "ams1", "msk1"),
        (SortBy.PING, "msk1", "sgp1"),
        (SortBy.LOAD, "sgp1", "msk1"),
        (SortBy.LOSS, "fra1", "sgp1"),
        (SortBy.WHOLE_WAY, "fra1", "sgp1"),
    ],
)
def test_it_sorts_by_each_column(sort_by: SortBy, first: str, last: str) -> None:
    board = RelayBoard()
    fill(board)
    found = order(board, sort_by)
    assert (found[0], found[-1]) == (first, last)


def test_what_is_not_known_stands_last_in_both_directions() -> None:
    board = RelayBoard()
    fill(board)
    assert order(board, SortBy.PING)[-1] == order(board, SortBy.PING, reverse=True)[-1] == "sgp1"
    assert order(board, SortBy.PING, reverse=True)[0] == "waw1"


def test_one_late_answer_does_not_turn_the_table_around() -> None:
    board = RelayBoard()
    fill(board)
    board.take_round([RelayPing("fra1", 900.0, 0.0, 0.0)])
    line = next(line for line in board.lines() if line.node.id == "fra1")
    assert line.row.rtt_ms is not None
    assert line.row.rtt_ms < 30
    assert line.strip_ms[-1] == 900.0


def test_the_share_of_lost_pings_is_that_of_all_kept_rounds() -> None:
    board = RelayBoard()
    board.list_nodes(scene_nodes())
    for number in range(KEPT_ROUNDS * 2):
        board.take_round([RelayPing("fra1", 20.0, 0.1, 100.0 if number >= KEPT_ROUNDS + 15 else 0.0)])
    line = next(line for line in board.lines() if line.node.id == "fra1")
    assert line.row.loss_percent == 50.0
    assert len(line.strip_ms) == KEPT_ROUNDS


def test_a_relay_that_is_gone_is_forgotten_and_a_strange_one_not_taken() -> None:
    board = RelayBoard()
    fill(board)
    board.list_nodes(scene_nodes()[:1])
    board.take_round([RelayPing("nowhere", 1.0, 0.0, 0.0)])
    assert order(board, SortBy.NAME) == ["fra1"]
