"""One process or several, by the settings."""

import os
import socket
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from plg_relay.data_plane import DataPlane
from plg_relay.errors import FailureKind, RelayError
from plg_relay.plane_identity import PlaneIdentity
from plg_relay.start_plane import open_plane
from support.live_relay import lab_config, lab_policy

IDENTITY = PlaneIdentity(
    relay_id=1,
    boot_id=os.urandom(8),
    boot_parity=0,
    own_addresses=frozenset(),
    own_networks=(),
    own_ports=frozenset(),
)


async def test_one_worker_is_this_process_and_its_port_is_never_a_destination(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        plane, port = await open_plane(stack, lab_config(tmp_path), IDENTITY, lab_policy(), lambda: None)
        assert isinstance(plane, DataPlane)
        assert port in plane.forwarder.desk._limits.own_ports
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", port))


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_taken_port_is_told(tmp_path: Path, workers: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        config = lab_config(tmp_path, port=holder.getsockname()[1], workers=workers)
        async with AsyncExitStack() as stack:
            with pytest.raises(RelayError, match="taken") as caught:
                await open_plane(stack, config, IDENTITY, lab_policy(), lambda: None)
    assert caught.value.kind is FailureKind.PORT_TAKEN
