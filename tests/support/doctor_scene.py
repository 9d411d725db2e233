"""A doctor's scene without a network: a copied tree instead of the system's root, a server in memory, relays on loopback."""

from collections.abc import Mapping
from pathlib import Path

from plg.contract.accounts import Account
from plg.doctor.scene import PingedRelay, Place, Scene
from plg.probe.relay_ping import RelayPing
from support.contract_bodies import account, game_detail, node
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer


class DoctorsServer(LoopbackServer):
    """As a tunnel's server in memory, with an account."""

    async def account(self) -> Account:
        self._check("account")
        return account()


def scene_at(
    root: Path,
    *,
    files: Mapping[str, str] | None = None,
    url: str = "http://127.0.0.1:9",
    relays: Mapping[str, LoopbackRelay] | None = None,
    game: str | None = None,
) -> Scene:
    """`files` (absolute path -> content) are written below `root`, which stands for the root of the system."""
    for path, content in (files or {}).items():
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    place = Place(url, (root / "run",), root / "changes", game, root=root)
    return Scene(place, DoctorsServer(dict(relays or {}), game_detail=game_detail()), lambda _socket: None)


def pinged(name: str, rtt_ms: float | None, *, loss_percent: float = 0.0, host: str = "192.0.2.7") -> PingedRelay:
    """A relay with the answers that it gave."""
    import msgspec

    made = msgspec.structs.replace(node(name), name=name, host=host)
    return PingedRelay(
        made, RelayPing(name, rtt_ms, None if rtt_ms is None else 0.5, loss_percent if rtt_ms else 100.0)
    )
