"""Every relay's way to one game as it is counted: what each claims, checked against the others and against what players found.

Pure: heartbeats and experience in, one `Leg` for each relay out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from plg.contract.nodes import NodeGameLeg
from plg.protocol.destination import Address
from plg_server.services.claim_check import CheckedClaim, check_claims
from plg_server.services.experience import Experience, bias_ms
from plg_server.services.game_catalog import GameProfile
from plg_server.services.mesh import Mesh
from plg_server.services.relay_state import LegTarget, RelayState, leg_targets
from plg_server.services.route_choice import Leg


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a session wants to go. `addresses` are those of a named server; empty means the game's nearest region."""

    profile: GameProfile
    addresses: tuple[Address, ...] = ()

    def place_of(self, text: str) -> str:
        """A region's code or a host's target id, as experience remembers it: codes mean something in one game only."""
        return f"{self.profile.slug} {text}"


def mesh_of(states: Mapping[str, RelayState]) -> Mesh:
    """What the relays say of each other."""
    return Mesh({node_id: state.peer_figures() for node_id, state in states.items()})


def game_legs(
    states: Mapping[str, RelayState],
    destination: Destination,
    *,
    experiences: Mapping[str, Sequence[Experience]] | None = None,
    account_id: str = "",
) -> dict[str, Leg]:
    """The leg of each relay, by node id: to the addresses when somebody measured them, else to the nearest region.

    `figure.rtt_ms` is None when nothing there was measured.
    """
    hosts, near = leg_targets(destination.profile, destination.addresses)
    ends = _Ends(states, destination, experiences or {}, account_id)
    unknown = Leg(region=near[0].region if destination.addresses and near else None)
    return {node_id: ends.leg(node_id, hosts) or ends.leg(node_id, near) or unknown for node_id in states}


def region_legs(
    states: Mapping[str, RelayState],
    profile: GameProfile,
    *,
    experiences: Mapping[str, Sequence[Experience]] | None = None,
    account_id: str = "",
) -> dict[str, list[Leg]]:
    """Each relay's legs to all regions of the game that it measured, in the profile's order."""
    destination = Destination(profile)
    _, near = leg_targets(profile)
    ends = _Ends(states, destination, experiences or {}, account_id)
    by_region = {code: [target for target in near if target.region == code] for code in (r.region for r in near)}
    return {
        node_id: [leg for targets in by_region.values() if (leg := ends.leg(node_id, targets)) is not None]
        for node_id in states
    }


class _Ends:
    """The ends of the ways to one game, with every relay's claims about each checked once."""

    def __init__(
        self,
        states: Mapping[str, RelayState],
        destination: Destination,
        experiences: Mapping[str, Sequence[Experience]],
        account_id: str,
    ) -> None:
        self._states = states
        self._destination = destination
        self._experiences = experiences
        self._account_id = account_id
        self._mesh = mesh_of(states)
        self._checked: dict[str, dict[str, CheckedClaim]] = {}

    def leg(self, node_id: str, targets: Iterable[LegTarget]) -> Leg | None:
        """The way of this relay to the nearest of the targets; None when none of them answered it."""
        known = [
            (claim.figure.rtt_ms, target, claim)
            for target in targets
            if (claim := self._claims(target).get(node_id)) is not None and claim.figure.rtt_ms is not None
        ]
        if not known:
            return None
        counted_ms, target, claim = min(known, key=lambda item: item[0])
        place = self._destination.place_of(target.place)
        return Leg(
            figure=claim.figure,
            region=target.region,
            place=place,
            estimated=target.estimated,
            claimed_ms=claim.claimed_ms,
            doubted=claim.doubted,
            bias_ms=bias_ms(counted_ms, place, self._experiences.get(node_id, ()), self._account_id),
        )

    def _claims(self, target: LegTarget) -> dict[str, CheckedClaim]:
        found = self._checked.get(target.target_id)
        if found is None:
            claims = {node_id: state.figure(target.target_id) for node_id, state in self._states.items()}
            found = check_claims(
                {node_id: figure for node_id, figure in claims.items() if figure is not None}, self._mesh
            )
            self._checked[target.target_id] = found
        return found


def leg_answer(leg: Leg) -> NodeGameLeg:
    """The leg as players see it: what is counted, with what was learnt."""
    known = leg.total_ms is not None
    return NodeGameLeg(
        region=leg.region,
        rtt_ms=None if leg.total_ms is None else round(leg.total_ms, 3),
        loss_percent=leg.figure.loss_percent if known else None,
        estimated=leg.estimated,
        age_s=round(leg.figure.age_s, 1) if known else None,
    )
