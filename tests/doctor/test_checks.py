"""Which checks there are and which are chosen."""

import sys

import pytest

from plg.doctor.checks import ALL, UnknownCheck, check_names, choose_checks


def test_names_are_unique_and_the_list_is_that_of_this_system() -> None:
    names = [check.id for check in ALL]
    assert len(names) == len(set(names))
    assert set(check_names()) <= set(names)
    assert ("filters" in check_names()) == (sys.platform != "win32")


def test_the_load_must_be_asked_for() -> None:
    assert "bufferbloat" not in {check.id for check in choose_checks()}
    assert "bufferbloat" in {check.id for check in choose_checks(with_load=True)}
    assert [check.id for check in choose_checks(["bufferbloat"])] == ["bufferbloat"]


def test_named_checks_come_in_the_usual_order_and_once() -> None:
    assert [check.id for check in choose_checks(["relays", "dns", "relays"])] == ["dns", "relays"]


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UnknownCheck):
        choose_checks(["mut"])
