"""`plg replay`."""

from pathlib import Path

import pytest

from plg.cli.replay import NOTES
from plg.lab.impairment import Impairment
from plg.lab.simulation.lines import LineModel
from plg.lab.simulation.scenario import PathModel, Scenario
from plg.protocol.redundancy import Redundancy, RedundancyMode
from support.inside import Inside
from support.recorded_match import record_match


@pytest.fixture(scope="module")
def match_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lossy = LineModel(impairment=Impairment(delay_ms=20, loss_percent=2))
    paths = (PathModel(up=lossy, down=lossy), PathModel(up=lossy, down=lossy, transit="transit"))
    scenario = Scenario(paths=paths, redundancy=Redundancy(RedundancyMode.REDUNDANT), seconds=20)
    file = tmp_path_factory.mktemp("recordings") / "match.plgrec"
    file.write_bytes(record_match(scenario)[0])
    return file


def test_the_document_sets_the_asked_mode_beside_what_was_recorded(plg: Inside, match_file: Path) -> None:
    done = plg("replay", str(match_file), "--mode", "off", "--json")
    assert done.code == 0, done.err
    document = done.document()
    assert (document["schema"], document["game"]) == ("plg.replay/1", "simulated")
    assert [document[name]["mode"] for name in ("recorded", "same_mode", "asked")] == ["redundant", "redundant", "off"]
    assert document["asked"]["down"]["loss_percent"] > 1 > document["recorded"]["down"]["loss_percent"]
    assert document["asked"]["up"]["ratio"] < 1.15
    assert [path["path"] for path in document["paths"]] == [0, 1]
    assert set(document["notes"]) <= set(NOTES)


def test_a_person_gets_a_table_for_each_direction_and_what_it_stands_on(plg: Inside, match_file: Path) -> None:
    done = plg("replay", str(match_file), "--mode", "adaptive", "--max-overhead", "1.5")
    assert done.code == 0, done.err
    assert "towards the game" in done.out
    assert "towards the player" in done.out
    assert "asked for (adaptive)" in done.out
    assert NOTES["up_from_counts"] in done.out


def test_it_speaks_russian(plg: Inside, match_file: Path) -> None:
    done = plg("replay", str(match_file), "--mode", "off", "--lang", "ru")
    assert "к игроку" in done.out
    assert NOTES["up_from_counts"] not in done.out


def test_a_damaged_file_is_refused_in_one_line(plg: Inside, match_file: Path, tmp_path: Path) -> None:
    content = bytearray(match_file.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "x").write_bytes(content)
    done = plg("replay", str(tmp_path / "x"), "--mode", "off", "--json")
    assert (done.code, done.error()["code"]) == (10, "damaged_recording")
    assert "\n" not in done.error()["message"]


def test_a_file_that_is_not_there_is_refused(plg: Inside, tmp_path: Path) -> None:
    done = plg("replay", str(tmp_path / "x"), "--mode", "off", "--json")
    assert (done.code, done.error()["code"]) == (2, "cannot_read")


def test_a_recording_of_nothing_is_refused(plg: Inside, match_file: Path, tmp_path: Path) -> None:
    from plg.tunnel.path_recording import MAGIC, RecordingStart, encode_block

    start = RecordingStart(at="2026-01-01T00:00:00Z", program="plg", game="x", mode="off", max_overhead=1)
    (tmp_path / "x").write_bytes(MAGIC + encode_block(start))
    done = plg("replay", str(tmp_path / "x"), "--mode", "off", "--json")
    assert (done.code, done.error()["code"]) == (1, "nothing_to_replay")


@pytest.mark.parametrize(
    "arguments",
    [["--mode", "quantum"], ["--mode", "off", "--max-overhead", "0.9"], [], ["--mode", "off", "--max-overhead", "nan"]],
)
def test_a_wrong_option_is_a_usage_error(plg: Inside, match_file: Path, arguments: list[str]) -> None:
    done = plg("replay", str(match_file), *arguments, "--json")
    assert done.code == 2
