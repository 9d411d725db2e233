"""`plg account devices`, against a real server."""

from pathlib import Path

from plg.api.server_client import open_server
from plg.cli.server_access import run_async
from plg.contract.accounts import LoginRequest
from support.inside import Inside
from support.selling_server import PASSWORD, selling_server


def test_devices_are_listed_and_logged_out(plg: Inside, tmp_path: Path) -> None:
    with selling_server(tmp_path / "server", billing="off") as seller:

        async def log_in(device: str) -> None:
            async with open_server(seller.url) as client:
                await client.login(LoginRequest(email="ann@example.org", password=PASSWORD, device=device))

        for device in ("plg on Windows", "", "\x1b[31mred"):
            run_async(log_in(device))
        shown = plg("account", "devices", **seller.environ)
        assert shown.code == 0
        assert "\x1b" not in shown.out
        assert all(part in shown.out for part in ("plg on Windows", "(no name)", "(this one)", "127.0.0.0/24"))
        found = plg("account", "devices", "list", "--json", **seller.environ).document()
        assert (found["total"], [one["current"] for one in found["devices"]].count(True)) == (4, True)
        first = next(one["id"] for one in found["devices"] if not one["current"])

        assert plg("account", "devices", "revoke", first, **seller.environ).out == "1 device logged out\n"
        again = plg("account", "devices", "revoke", first, "--json", **seller.environ)
        assert (again.code, again.error()["code"]) == (1, "not_found")
        rest = plg("account", "devices", "revoke", "--others", "--json", **seller.environ).document()
        assert rest["revoked"] == 2
        assert plg("whoami", **seller.environ).code == 0


def test_one_device_or_all_others_must_be_named(plg: Inside) -> None:
    for arguments in ((), ("0123456789abcdef", "--others")):
        done = plg("account", "devices", "revoke", *arguments)
        assert (done.code, "name one device, or --others" in done.err) == (2, True)
