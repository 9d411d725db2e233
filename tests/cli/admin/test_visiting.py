"""One visit to the admin API."""

from pathlib import Path

import pytest

from plg.api.admin_client import AdminClient
from plg.api.errors import ServerUnreachable
from plg.cli.admin.visiting import visit
from plg.contract.admin_nodes import NewNode
from support.inside import invocation_at
from support.local_server import Script, json_answer, serving


def test_the_answer_of_the_question_comes_back_and_the_sign_in_goes_along(tmp_path: Path) -> None:
    script = Script({"GET /v1/admin/x": [json_answer(b'{"name":"a","token":"b","expires_at":"c"}')]})
    with serving(script.app()) as url:
        run = invocation_at(tmp_path, PLG_TOKEN="mine")

        async def question(client: AdminClient) -> NewNode:
            return await client.get("/x", NewNode)

        assert visit(run, run.server(url), question).token == "b"
    assert [(seen.path, seen.token) for seen in script.seen] == [("/v1/admin/x", "mine")]


def test_what_goes_wrong_comes_out(tmp_path: Path) -> None:
    run = invocation_at(tmp_path, PLG_TOKEN="mine")

    async def question(client: AdminClient) -> NewNode:
        return await client.get("/x", NewNode)

    with pytest.raises(ServerUnreachable):
        visit(run, run.server("http://127.0.0.1:9"), question)
