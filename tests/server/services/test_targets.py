"""Targets under one server's settings."""

from ipaddress import ip_address, ip_network

import pytest

from plg.protocol.destination import Address, Network
from plg_server.problems import ApiError
from plg_server.services.game_catalog import build_catalog
from plg_server.services.game_files import load_game_files
from plg_server.services.targets import TargetRules

OPENARENA = build_catalog(load_game_files()).by_slug["openarena"]


class Everything:
    """A resolver for which every name is one public address."""

    async def addresses(self, name: str) -> list[Address]:
        return [ip_address("9.9.9.9")]


async def own() -> tuple[Network, ...]:
    return (ip_network("9.9.9.1/32"),)


async def test_the_lab_flag_and_our_own_addresses_decide() -> None:
    public = TargetRules(Everything(), own, allow_private=False)
    lab = TargetRules(Everything(), own, allow_private=True)

    assert [target.text for target in await public.approve("any.example:27960", OPENARENA)] == ["9.9.9.9:27960"]
    assert [target.text for target in await lab.approve("10.0.0.1:27960", OPENARENA)] == ["10.0.0.1:27960"]
    for text in ("10.0.0.1:27960", "9.9.9.1:27960"):
        with pytest.raises(ApiError):
            await public.approve(text, OPENARENA)
