"""`plg admin nodes`, against a real server."""

from collections.abc import Iterator

import pytest

from support.inside import Inside
from support.operated_server import Operated, operated_server
from support.small_fleet import enrol, play


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    """One for all: each test has a relay of its own."""
    with operated_server(tmp_path_factory.mktemp("fleet") / "server") as running:
        yield running


def test_a_relay_from_its_token_to_its_end(plg: Inside, server: Operated) -> None:
    boss = server.environ()
    made = plg("admin", "nodes", "create", "Oslo 1", "--country", "NO", "--city", "Oslo", **boss)
    assert made.code == 0, made.err
    token = made.out.strip()
    assert token.startswith("plgr_")
    assert "not shown again" in made.err
    assert f"plg relay enrol --server {server.url}" in made.err
    relay = enrol(server, token)
    session = play(server)

    relay.beat()  # a slow machine may have let it fall silent
    listed = plg("admin", "nodes", "list", "--state", "up", **boss)
    assert [word in listed.out for word in (relay.node_id, "Oslo, NO", "1.2", "s ago", "9.9.9.9:443")] == [True] * 5
    prepared = plg("admin", "nodes", "edit", "oslo 1", "--region", "north", "--name", "Oslo 2", **boss)
    assert prepared.code == 0, prepared.err
    moved = plg("admin", "nodes", "priority", "Oslo 2", "10", "--json", **boss).document()["node"]
    assert (moved["region"], moved["priority_ms"], moved["running_sessions"]) == ("north", 10, 1)
    assert "10 ms" in plg("admin", "nodes", "show", relay.node_id, **boss).out
    paid = plg("admin", "nodes", "edit", "Oslo 2", "--monthly-cost", "12.50 EUR", **boss)
    assert "12.50 EUR" in paid.out
    wrong = plg("admin", "nodes", "edit", "Oslo 2", "--monthly-cost", "much", "--json", **boss)
    assert wrong.error()["code"] == "invalid_body"
    assert (
        plg("admin", "nodes", "priority", "Oslo 2", "10", "--json", **boss).document()["node"]["monthly_cost"]
        == "12.50 EUR"
    )

    dry = plg("admin", "nodes", "delete", "Oslo 2", "--dry-run", **boss)
    assert "would be deleted" in dry.out
    assert session in dry.out
    asked = plg("admin", "nodes", "delete", "Oslo 2", "--json", **boss)
    assert (asked.code, "--yes" in asked.err) == (2, True)
    done = plg("admin", "nodes", "delete", "Oslo 2", "--yes", "--json", **boss).document()
    assert (done["node"]["state"], [one["session_id"] for one in done["running"]]) == ("deleted", [session])
    gone = plg("admin", "nodes", "show", "Oslo 2", "--json", **boss)
    assert (gone.code, gone.error()["code"]) == (8, "node_not_found")
    assert "deleted" in plg("admin", "nodes", "list", "--state", "deleted", **boss).out


def test_out_of_service_and_back_and_a_drain_that_the_relay_does_not_hear(plg: Inside, server: Operated) -> None:
    boss = server.environ()
    token = plg("admin", "nodes", "create", "Rome", "--json", **boss).document()["token"]
    relay = enrol(server, token, "8.8.8.8")

    assert "would get no new sessions" in plg("admin", "nodes", "disable", "rome", "--dry-run", **boss).out
    assert "Rome gets no new sessions." in plg("admin", "nodes", "disable", "rome", **boss).out
    again = plg("admin", "nodes", "disable", "rome", **boss)
    assert (again.code, "Nothing changes" in again.out) == (0, True)
    assert relay.beat()["disabled"]
    assert "снова принимает сеансы" in plg("admin", "nodes", "enable", "rome", "--lang", "ru", **boss).out
    drained = plg("admin", "nodes", "drain", "rome", "--seconds", "5", "--yes", **boss)
    assert drained.code == 0
    assert "the relay itself was not told: the relay has no control address" in drained.err
    document = plg("admin", "nodes", "drain", "rome", "--dry-run", "--json", **boss).document()
    assert (document["act"], document["dry_run"], document["told"], document["node"]["state"]) == (
        "drain", True, None, "draining",
    )  # fmt: skip


def test_what_cannot_be_is_refused_with_a_line_and_the_right_code(plg: Inside, server: Operated) -> None:
    boss = server.environ()
    for name in ("Twin", "Twin"):
        enrol(server, plg("admin", "nodes", "create", name, **boss).out.strip(), "8.8.4.4")
    several = plg("admin", "nodes", "show", "twin", "--json", **boss)
    assert (several.code, several.error()["code"]) == (8, "node_not_found")
    assert "several relays" in several.error()["message"]
    near = plg("admin", "nodes", "show", "Twim", "--json", **boss)
    assert "Twin" in near.error()["nearest"]
    assert plg("admin", "nodes", "list", "--state", "dead", **boss).code == 2
    assert plg("admin", "nodes", "edit", "twin", **boss).code == 2
    assert plg("admin", "nodes", "priority", "twin", "500", **boss).code == 2
    support = plg("admin", "nodes", "create", "x", "--json", **server.environ("support"))
    assert support.error()["code"] == "forbidden"
    assert plg("admin", "nodes", "list", "--json", **server.environ("support")).document()["total"] >= 2
