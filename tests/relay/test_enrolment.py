"""Enrolment: the token is spent only when the identity can be kept."""

import asyncio
from pathlib import Path

import pytest

from plg_relay.enrolment import enrol_relay
from plg_relay.errors import FailureKind, RelayError
from plg_relay.identity import RelayIdentity, load_identity
from support.live_relay import lab_config
from support.small_server import SmallServer, small_server


async def enrol_at(server: SmallServer, data_dir: Path, token: str = "t" * 16) -> tuple[Path, RelayIdentity]:
    return await asyncio.to_thread(
        enrol_relay,
        lab_config(data_dir),
        server=server.url + "/",
        token=token,
        public_host="relay.example",
        port=4433,
        name="one",
        control_url=None,
        version="1",
    )


async def test_the_identity_is_kept(tmp_path: Path) -> None:
    async with small_server() as server:
        path, identity = await enrol_at(server, tmp_path / "new")
        assert load_identity(tmp_path / "new") == identity
        assert path.parent == tmp_path / "new"
        assert (identity.node_id, identity.server, identity.public_port) == ("node-1", server.url, 4433)
        assert (server.enrolments[0].name, server.enrolments[0].max_sessions) == ("one", 1000)


async def test_a_relay_that_is_enrolled_already_keeps_its_identity(tmp_path: Path) -> None:
    async with small_server() as server:
        await enrol_at(server, tmp_path)
        with pytest.raises(RelayError, match="enrolled already"):
            await enrol_at(server, tmp_path)
        assert len(server.enrolments) == 1


async def test_a_directory_that_cannot_be_written_costs_no_token(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with small_server() as server:
        with pytest.raises(RelayError, match="cannot write"):
            await enrol_at(server, tmp_path / "file" / "dir")
        assert server.enrolments == []


async def test_values_outside_the_contract_are_refused_here(tmp_path: Path) -> None:
    async with small_server() as server:
        with pytest.raises(RelayError, match="enrol_token") as caught:
            await enrol_at(server, tmp_path, token="short")
        assert caught.value.kind is FailureKind.CONFIG
        assert server.enrolments == []
