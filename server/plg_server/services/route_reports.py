"""The whole choice laid open for one player and game: what `plg explain` shows."""

from collections.abc import Sequence

from plg.contract import routes as contract
from plg_server.services.asked_game import AskedGames
from plg_server.services.game_legs import Destination
from plg_server.services.path_score import Figure
from plg_server.services.relay_state import RelayStates
from plg_server.services.route_choice import RankedExit, choose_exits, direct_verdict
from plg_server.services.route_matrix import RouteMatrices, RouteMatrix
from plg_server.services.transit_choice import MAX_TRANSITS, RankedTransit, choose_transits

TRANSITS_SHOWN = 8
EXITS_WITH_TRANSITS = 8
"""Further down nobody reads on, and each would cost a look at all the others."""


class RouteService:
    """Answers /v1/routes. Needs an active database; may raise StoreUnavailable."""

    def __init__(self, asked: AskedGames, states: RelayStates, matrices: RouteMatrices, *, max_paths: int) -> None:
        self._asked = asked
        self._states = states
        self._matrices = matrices
        self._max_paths = max_paths

    async def report(self, account_id: str, request: contract.RouteRequest) -> contract.RouteReport:
        """Every relay, best first. Raises ApiError `game_not_found`, `game_not_supported` or `target_refused`."""
        profile, targets = await self._asked.boostable(request.game, request.target)
        destination = Destination(profile, tuple(target.address for target in targets))
        await self._states.add_interest(profile.slug, destination.addresses)
        matrix = await self._matrices.of(destination, account_id=account_id, measurements=request.measurements)
        exclude = frozenset(request.exclude)
        choice = choose_exits(matrix.relays, exclude=exclude)
        direct = None
        if request.direct is not None:
            told = request.direct
            direct = Figure(told.rtt_ms, told.loss_percent, told.rtt_p95_ms)
        chosen = choice.chosen
        return contract.RouteReport(
            game=profile.slug,
            target=request.target,
            region=None if chosen is None else chosen.relay.leg.region,
            max_paths=self._max_paths,
            candidates=[
                _candidate(entry, self._transits(matrix, entry, exclude) if number < EXITS_WITH_TRANSITS else [])
                for number, entry in enumerate(choice.exits)
            ],
            chosen=None if chosen is None else chosen.relay.node_id,
            standby=None if choice.standby is None else choice.standby.relay.node_id,
            direct_verdict=direct_verdict(direct, None if chosen is None else chosen.relay),
        )

    def _transits(self, matrix: RouteMatrix, entry: RankedExit, exclude: frozenset[str]) -> Sequence[RankedTransit]:
        if entry.rank is None:
            return []
        node_id = entry.relay.node_id
        return choose_transits(
            entry.relay,
            matrix.relays,
            matrix.mesh,
            places=min(MAX_TRANSITS, self._max_paths - 1),
            exclude=exclude,
            unreachable=matrix.unreachable(node_id),
        )[:TRANSITS_SHOWN]


def _candidate(entry: RankedExit, transits: Sequence[RankedTransit]) -> contract.RouteCandidate:
    relay, leg = entry.relay, entry.relay.leg
    player = relay.player
    return contract.RouteCandidate(
        node_id=relay.node_id,
        name=relay.name,
        country=relay.country,
        city=relay.city,
        state=relay.state,
        client_ms=relay.player_ms,
        client_p95_ms=None if player is None else player.p95_ms,
        client_loss_percent=None if player is None else player.loss_percent,
        game_leg_ms=leg.figure.rtt_ms,
        game_leg_claimed_ms=leg.claimed_ms,
        game_leg_region=leg.region,
        game_leg_age_s=leg.figure.age_s if leg.figure.rtt_ms is not None else None,
        game_leg_estimated=leg.estimated or leg.figure.rtt_ms is None,
        game_leg_doubted=leg.doubted,
        jitter_penalty_ms=entry.jitter_ms,
        loss_penalty_ms=entry.loss_ms,
        load_penalty_ms=entry.load_ms,
        load_percent=relay.load_percent,
        bias_ms=leg.bias_ms,
        predicted_total_ms=relay.total_ms,
        score_ms=entry.score_ms,
        rank=entry.rank,
        verdict=entry.verdict,
        because=entry.because,
        transits=[_transit(item) for item in transits],
    )


def _transit(item: RankedTransit) -> contract.TransitCandidate:
    return contract.TransitCandidate(
        node_id=item.relay.node_id,
        name=item.relay.name,
        country=item.relay.country,
        client_ms=item.relay.player_ms,
        mesh_ms=None if item.mesh is None else item.mesh.rtt_ms,
        predicted_total_ms=item.total_ms,
        adds_ms=item.adds_ms,
        verdict=item.verdict,
        because=item.because,
    )
