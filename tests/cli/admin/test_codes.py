"""`plg admin codes`, against a real server."""

from pathlib import Path

from support.inside import Inside
from support.operated_money import operated_money


def test_from_a_batch_of_gifts_over_their_use_to_the_end(plg: Inside, tmp_path: Path) -> None:
    with operated_money(tmp_path / "server") as till:
        boss, player, staff = till.environ(), till.environ("player"), till.environ("support")
        made = plg("admin", "codes", "create", "gift", "--days", "30", "--count", "3", "--label", "fair", **boss)
        texts = made.out.split()
        assert (len(texts), "cannot be shown again" in made.err) == (3, True)
        assert plg("redeem", texts[0], **player).code == 0
        listed = plg("admin", "codes", "list", **staff).out
        assert listed.count("30 days (monthly)") == 3
        assert not any(text in listed for text in texts)
        shown = plg("admin", "codes", "show", texts[0], **staff)
        assert "gift, used up, gives 30 days (monthly), used 1 times" in shown.out
        assert "player@example.org" in shown.out
        code_id = plg("admin", "codes", "list", "--state", "open", "--json", **staff).document()["codes"][0]["id"]
        assert plg("admin", "codes", "show", code_id, "--json", **staff).document()["uses"] == []
        stop = ("admin", "codes", "stop", code_id, "--batch")
        assert plg(*stop, **boss).code == 2
        assert plg(*stop, "--dry-run", **boss).out == "3 codes stopped\n"
        assert plg(*stop, "--yes", "--json", **boss).document()["stopped"] == 3
        assert plg("redeem", texts[1], **player).code == 8


def test_a_promo_code_of_ones_own_and_codes_that_cannot_be(plg: Inside, tmp_path: Path) -> None:
    with operated_money(tmp_path / "server") as till:
        boss = till.environ()
        promo = ("admin", "codes", "create", "promo", "--text", "WINTER20", "--percent", "20", "--unlimited")
        tried = plg(*promo, "--dry-run", **boss)
        assert (tried.code, tried.out) == (0, "")
        document = plg(*promo, "--expires", "2099-12-31", "--json", **boss).document()
        assert (document["schema"], document["codes"]) == ("plg.admin_new_codes/1", ["WINTER20"])
        assert plg(*promo, **boss).code != 0
        for wrong in (("present", "--days", "1"), ("promo", "--text", "A B", "--percent", "1")):
            assert plg("admin", "codes", "create", *wrong, **boss).code == 2
        assert plg("admin", "codes", "create", "gift", **boss).out == ""
        report = plg("admin", "codes", "referrals", **boss)
        assert report.out == "Players brought by others: 0, of them paid: 0\n"
        assert plg("admin", "codes", "referrals", "--json", **boss).document()["referrers"] == []
