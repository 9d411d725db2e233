"""A match as data refuses what cannot be played."""

import pytest

from plg.lab.simulation.lines import LineModel
from plg.lab.simulation.scenario import PathModel, Scenario

PATH = PathModel(up=LineModel(), down=LineModel())
THROUGH = PathModel(up=LineModel(), down=LineModel(), transit="transit")


def test_a_match_has_a_straight_path_first_and_others_after_it() -> None:
    assert Scenario(paths=(PATH, THROUGH)).paths[1].transit == "transit"


@pytest.mark.parametrize("paths", [(), (THROUGH,), (PATH,) * 9])
def test_other_paths_are_refused(paths: tuple[PathModel, ...]) -> None:
    with pytest.raises(ValueError, match="1 to 8 paths"):
        Scenario(paths=paths)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 2e6, float("nan")])
def test_a_length_of_time_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="lasts"):
        Scenario(paths=(PATH,), seconds=seconds)
