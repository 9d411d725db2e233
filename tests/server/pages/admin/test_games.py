"""/admin/games: searched, mended field by field with the difference shown first, taken back."""

from support.desk_visitor import Desk, confirmed


async def test_a_game_is_mended_and_the_change_taken_back(desk: Desk) -> None:
    listed = await desk.admin.submit((await desk.admin.open("/en/admin/games")).form("filters"), query="counter-strike")
    assert "/en/admin/games/cs2" in listed.links
    form = (await desk.admin.open("/en/admin/games/cs2")).form("edit-game")
    trial = await desk.admin.submit(form, server_cidrs="9.9.9.0/24\n8.8.8.0/24", anti_cheat_note="Sees the tunnel.")
    assert '+server_cidrs = ["9.9.9.0/24", "8.8.8.0/24"]' in trial.text
    assert await desk.acts() == []
    done = await desk.admin.submit(trial.form("confirm"))
    assert "they count at once" in done.text
    shown = await desk.admin.open("/en/admin/games/cs2")
    assert shown.form("edit-game").fields["server_cidrs"] == ["9.9.9.0/24\n8.8.8.0/24"]
    player = (await desk.api.get("/v1/games/cs2")).json
    assert player["anti_cheat_note"] == "Sees the tunnel."
    await confirmed(desk.admin, shown.form("reset"))
    assert (await desk.api.get("/v1/games/cs2")).json["anti_cheat_note"] is None
    assert await desk.acts() == ["games.edit game", "games.reset game"]


async def test_faults_are_told_by_field_and_line_and_nothing_typed_is_lost(desk: Desk) -> None:
    form = (await desk.admin.open("/en/admin/games/cs2")).form("edit-game")
    refused = await desk.admin.submit(form, server_cidrs="9.9.9.0/24\n10.0.0.0/8", udp="70000")
    assert refused.status == 422
    assert "line 2: " in refused.text
    assert "10.0.0.0/8" in refused.text
    assert refused.form("edit-game").fields["server_cidrs"] == ["9.9.9.0/24\n10.0.0.0/8"]
    other_language = next(link for link in refused.links if "language=ru" in link)
    assert (await desk.admin.open(other_language)).path == "/ru/admin/games/cs2"
    same = await desk.admin.submit(form)
    assert "There is nothing to change." in same.text
    assert await desk.acts() == []
