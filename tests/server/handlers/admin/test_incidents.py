"""/v1/admin/incidents over HTTP. The rules: services/test_incidents.py."""

import pytest

from support.api_driver import StartServer
from support.callers import signed_in_as


async def test_an_admin_writes_support_reads_and_everybody_sees_it(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plg_server.services.status_page.FRESH_S", 0.0)
    api = await start_server(rate_limits_on=False)
    admin, support = await signed_in_as(api, "admin"), await signed_in_as(api, "support")
    body = {"title": "Slow", "text": "We look into it.", "title_ru": "Медленно", "severity": "major"}
    url = "/v1/admin/incidents"
    assert (await api.call("POST", url, headers=support.headers, json=body)).status == 403
    opened = await api.call("POST", url, headers=admin.headers, json=body)
    assert opened.status == 201
    one = f"{url}/{opened.json['id']}"
    assert (await api.call("POST", f"{one}/updates", headers=support.headers, json={"text": "x"})).status == 403
    assert (await api.call("POST", f"{one}/updates", headers=admin.headers, json={"text": "Found"})).status == 200
    shown = (await api.get("/status.json")).json["incidents"]
    assert [note["text"] for note in shown[0]["updates"]] == ["Found", "We look into it."]
    assert (await api.call("GET", f"{url}?state=open", headers=support.headers)).json["total"] == 1
    assert (await api.call("POST", f"{one}/end", headers=support.headers, json={})).status == 403
    assert (await api.call("POST", f"{one}/end", headers=admin.headers, json={})).json["ended_at"] is not None
    assert (await api.call("POST", f"{one}/end", headers=admin.headers, json={})).code == "nothing_to_change"
    assert (await api.call("GET", one, headers=support.headers)).json == (await api.get("/status.json")).json[
        "incidents"
    ][0]
    acts = (await api.call("GET", "/v1/admin/audit?act=incidents.", headers=support.headers)).json["entries"]
    assert [entry["act"] for entry in acts] == ["incidents.end", "incidents.update", "incidents.open"]
