"""The order of the list, and the words in front of and behind a game."""

from msgspec.structs import replace

from plg.contract.games import AddressChange, Confidence, GameDetail, Transport
from plg_tui.game_order import Known, Standing, detail_badges, list_badges, mark, ordered
from plg_tui.local_games import LocalGames
from support.listed_games import listed_game

DETAIL = GameDetail(
    slug="x",
    name="X",
    category="fps",
    badge=None,
    transport=Transport.UDP,
    boostable=True,
    aliases=[],
    tags=[],
    steam_appid=None,
    publisher=None,
    p2p=False,
    executables_windows=[],
    executables_linux=[],
    capture="flows",
    udp_ports=[],
    destinations=[],
    observed_targets=True,
    address_change=AddressChange.BOUND,
    hosting=[],
    regions=[],
    linux_status=None,
    anti_cheat_note=None,
    notes=None,
    confidence={},
    profile_id=1,
    revision=1,
)

KNOWN = Known(
    LocalGames(frozenset({"running"}), frozenset({"running", "installed"})),
    frozenset({"favourite", "installed"}),
    ("late", "early", "favourite"),
)


def test_running_installed_favourite_recent_and_then_the_server_s_order() -> None:
    listed = [listed_game(slug) for slug in ("a", "early", "b", "favourite", "late", "installed", "running")]
    assert [found.slug for found in ordered(listed, KNOWN)] == [
        "running", "installed", "favourite", "late", "early", "a", "b",
    ]  # fmt: skip
    assert KNOWN.standing("a") is Standing.REST


def test_a_mark_says_by_words_and_signs_why_a_game_stands_there() -> None:
    assert [mark(slug, KNOWN) for slug in ("running", "installed", "favourite", "late", "a")] == [
        "  ▶ running", "★ installed", "★", "  recent", "",
    ]  # fmt: skip


def test_the_list_shows_the_server_s_badge_and_what_cannot_be_carried() -> None:
    assert list_badges(listed_game("a")) == ""
    assert list_badges(listed_game("a", badge="popular", boostable=False)) == "popular, not carried"
    assert (
        list_badges(listed_game("a", boostable=False, transport=Transport.TCP)) == ""
    )  # the transport's column says it


def test_the_details_warn_and_promise() -> None:
    assert detail_badges(DETAIL) == ["route stays for a match"]
    careful = replace(
        DETAIL,
        anti_cheat_note="kernel driver",
        address_change=AddressChange.UNKNOWN,
        confidence={"ports": Confidence.HIGH, "executables": Confidence.LOW},
    )
    assert detail_badges(careful) == [
        "! anti-cheat note", "route stays for a match, to be safe", "profile partly a guess",
    ]  # fmt: skip
    assert detail_badges(replace(DETAIL, transport=Transport.TCP, boostable=False)) == ["TCP only: not carried"]
    assert detail_badges(replace(DETAIL, boostable=False)) == ["not carried"]
