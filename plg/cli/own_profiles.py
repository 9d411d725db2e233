"""`plg connect` with a profile of the person's own: the server is asked in the name of one of its games, and for every destination."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import msgspec

from plg.api.errors import ServerRefused
from plg.api.server_client import ServerClient
from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import _
from plg.contract.games import GameDetail
from plg.contract.nodes import NodeList
from plg.contract.problem import ErrorCode
from plg.contract.routes import RouteReport, RouteRequest
from plg.contract.sessions import (
    ApproveTargetRequest,
    ReplaceTransitsRequest,
    SessionGrant,
    SessionRecord,
    StartSessionRequest,
    StopSessionRequest,
)
from plg.tunnel.grants import parse_host_port, port_spans

if TYPE_CHECKING:
    from plg.cli.profile_lint import LocalProfile


class OwnProfileServer:
    """The server as a tunnel sees it (`plg.tunnel.connect.TunnelServer`), with one game more: the person's own.

    What the profile does not name is not even asked for; what it names the server approves or refuses, one by one.
    """

    def __init__(self, client: ServerClient, profile: "LocalProfile") -> None:
        self._client = client
        self._profile = profile
        self._networks = [ip_network(prefix) for prefix in profile.prefixes]
        self._spans = port_spans(profile.ports)

    async def game(self, slug: str, /) -> GameDetail:  # noqa: ARG002 - the tunnel asks for one game only
        """The server's game that stands for this one, with the person's own programs. Raises CliError, ApiError."""
        stands_for = self._profile.plays_as or self._profile.slug
        try:
            detail = await self._client.game(stands_for)
        except ServerRefused as refusal:
            if refusal.code == ErrorCode.GAME_NOT_FOUND:
                raise not_vouched_for(self._profile, stands_for) from refusal
            raise
        return msgspec.structs.replace(
            detail,
            name=self._profile.name,
            executables_windows=[name for name in self._profile.executables if name.casefold().endswith(".exe")],
            executables_linux=[name for name in self._profile.executables if not name.casefold().endswith(".exe")],
            capture="process",
            destinations=[],
            observed_targets=True,
        )

    async def nodes(self, *, game: str | None = None, target: str | None = None) -> NodeList:
        return await self._client.nodes(game=game, target=target)

    async def routes(self, request: RouteRequest) -> RouteReport:
        return await self._client.routes(request)

    async def start_session(self, request: StartSessionRequest) -> SessionGrant:
        return await self._client.start_session(request)

    async def renew_session(self, session_id: str) -> SessionGrant:
        return await self._client.renew_session(session_id)

    async def approve_target(self, session_id: str, request: ApproveTargetRequest) -> SessionGrant:
        """Raises ServerRefused without asking for what the profile does not name."""
        if not names_destination(self._networks, self._spans, request.target):
            raise ServerRefused(
                server=self._client.server,
                code=ErrorCode.TARGET_REFUSED,
                status=403,
                detail=f"{request.target} is not in the profile {self._profile.slug}",
            )
        return await self._client.approve_target(session_id, request)

    async def replace_transits(self, session_id: str, request: ReplaceTransitsRequest) -> SessionGrant:
        return await self._client.replace_transits(session_id, request)

    async def stop_session(self, session_id: str, request: StopSessionRequest) -> SessionRecord:
        return await self._client.stop_session(session_id, request)


def names_destination(networks: Sequence[object], spans: Sequence[tuple[int, int]], target: str) -> bool:
    """Whether a profile with these prefixes and ports names HOST:PORT; an empty list leaves that part open."""
    try:
        place = parse_host_port(target)
        address = ip_address(place.host)
    except ValueError:
        return False
    in_prefix = not networks or any(address in network for network in networks)  # type: ignore[operator]  # both families hold addresses
    return in_prefix and (not spans or any(low <= place.port <= high for low, high in spans))


def not_vouched_for(profile: "LocalProfile", stands_for: str) -> CliError:
    """The server knows no game under which it could be carried."""
    return CliError(
        _("the server does not know the game '{game}', so it approves nothing for your profile '{profile}'").format(
            game=stands_for, profile=profile.slug
        ),
        code="profile_not_vouched_for",
        exit_code=ExitCode.NOT_FOUND,
        next_step=_(
            'give the profile to the server\'s operator (a games file takes it as it is), or name a game of the server: [local] plays_as = "..."'
        ),
    )
