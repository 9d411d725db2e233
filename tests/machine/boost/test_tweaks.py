"""What is on offer."""

import pytest

from plg.machine.boost.tweaks import TWEAKS, Evidence, UnknownTweak, choose_tweaks, tweaks_for


def test_each_system_has_its_own() -> None:
    assert [tweak.id for tweak in tweaks_for("linux")] == ["governor", "nice", "ionice", "gamemode"]
    assert "game-dvr" in {tweak.id for tweak in tweaks_for("win32")}
    assert tweaks_for("darwin") == []


def test_without_evidence_a_change_is_made_only_when_it_is_named() -> None:
    assert {tweak.id for tweak in choose_tweaks("win32")} & {"mmcss", "affinity"} == set()
    assert [tweak.id for tweak in choose_tweaks("win32", ("affinity", "timer"))] == ["timer", "affinity"]
    assert all(tweak.by_default == (tweak.evidence is not Evidence.NONE) for tweak in TWEAKS)


def test_every_claim_has_a_page_and_every_name_is_unique() -> None:
    assert all(tweak.source.startswith("https://") for tweak in TWEAKS)
    assert len({tweak.id for tweak in TWEAKS}) == len(TWEAKS)


def test_another_systems_change_is_unknown_here() -> None:
    with pytest.raises(UnknownTweak):
        choose_tweaks("linux", ("game-dvr",))
