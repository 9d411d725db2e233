"""Games as the server lists them."""

from msgspec.structs import replace

from plg.contract.games import GameSummary, Transport


def listed_game(slug: str, **changes: object) -> GameSummary:
    plain = GameSummary(
        slug=slug,
        name=slug,
        category="fps",
        badge=None,
        transport=Transport.UDP,
        boostable=True,
        aliases=[],
        tags=[],
        steam_appid=None,
        executables=[],
    )
    return replace(plain, **changes)
