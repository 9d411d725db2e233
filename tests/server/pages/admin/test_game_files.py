"""/admin/games/import and /export: files in with their difference shown first, and out."""

from support.desk_visitor import Desk, confirmed

NEW = '[[game]]\nslug = "my-game"\nname = "My <b>Game</b>"\ncategory = "fps"\nudp = ["30000"]\nserver_cidrs = ["9.9.9.0/24"]\n'


async def test_a_game_is_added_by_a_file_exported_and_deleted(desk: Desk) -> None:
    form = (await desk.admin.open("/en/admin/games/import")).form("import")
    await confirmed(desk.admin, form, toml=NEW)
    shown = await desk.admin.open("/en/admin/games/my-game")
    assert "My <b>Game</b>" in shown.text
    exported = await desk.support.open("/en/admin/games/export")
    assert exported.headers["Content-Disposition"] == 'attachment; filename="games-changed.toml"'
    assert 'slug = "my-game"' in exported.html
    whole = (await desk.admin.open("/en/admin/games/import?slug=my-game")).form("import")
    assert 'udp = ["30000"]' in whole.fields["toml"][0]
    await confirmed(desk.admin, whole, toml=whole.fields["toml"][0].replace("30000", "30001"))
    await confirmed(desk.admin, (await desk.admin.open("/en/admin/games/my-game")).form("delete"))
    assert (await desk.admin.open("/en/admin/games/my-game")).status == 404
    acts = [act.partition(" ")[0] for act in await desk.acts()]
    assert acts == ["games.import", "games.import", "games.delete"]


async def test_every_fault_is_told_with_its_line_and_the_text_stays(desk: Desk) -> None:
    form = (await desk.admin.open("/en/admin/games/import")).form("import")
    bad = NEW.replace('"fps"', '"nonsense"').replace("9.9.9.0/24", "10.0.0.0/8")
    refused = await desk.admin.submit(form, toml=bad)
    assert refused.status == 422
    assert "line 4" in refused.text
    assert "line 6" in refused.text
    assert refused.form("import").fields["toml"] == [bad]
    broken = await desk.admin.submit(form, toml="[[game]\n")
    assert broken.status == 422
    assert await desk.acts() == []


async def test_russian_letters_fit_into_a_file_of_the_allowed_length(desk: Desk) -> None:
    form = (await desk.admin.open("/en/admin/games/import")).form("import")
    long = NEW + "# " + "ж" * 35_000
    assert "Nothing has been done yet" in (await desk.admin.submit(form, toml=long)).text
