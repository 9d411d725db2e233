"""The game and server that a player asks for, as a profile and approved addresses, or the refusal with a way on."""

from plg.contract.problem import ErrorCode
from plg_server.problems import ApiError
from plg_server.services.destination_rules import Target, merge_targets, refuse_unless_boostable
from plg_server.services.game_catalog import GameCatalog, GameProfile
from plg_server.services.game_search import GameSearch
from plg_server.services.targets import TargetRules


class AskedGames:
    """Looks games up, and approves the servers named with them."""

    def __init__(self, catalog: GameCatalog, search: GameSearch, targets: TargetRules) -> None:
        self._catalog = catalog
        self._search = search
        self._targets = targets

    async def boostable(self, name: str, target: str | None) -> tuple[GameProfile, list[Target]]:
        """The game's profile, and the approved addresses of `target` (empty without one).

        Raises ApiError `game_not_found`, `game_not_supported` or `target_refused`.
        """
        profile = self._catalog.find(name)
        if profile is None:
            raise game_not_found(name, self._search)
        refuse_unless_boostable(profile)
        if target is not None:
            return profile, merge_targets([], await self._targets.approve(target, profile))
        if not profile.acl.rules and not profile.detail.observed_targets:
            raise ApiError(
                ErrorCode.GAME_NOT_SUPPORTED,
                f"no server address of {profile.detail.name} is known; name one with --target HOST:PORT",
            )
        return profile, []


def game_not_found(name: str, search: GameSearch) -> ApiError:
    """The refusal for a game that nobody knows, with what may have been meant."""
    nearest = search.nearest(name)
    hint = f"; did you mean {', '.join(nearest)}?" if nearest else "; `plg games` lists all"
    return ApiError(ErrorCode.GAME_NOT_FOUND, f"no game is called '{name}'{hint}", nearest=nearest)
