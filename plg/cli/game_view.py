"""Games on a terminal and as documents."""

from collections.abc import Iterable, Sequence

from plg.cli.invocation import Invocation
from plg.cli.language import N_, _, ngettext
from plg.cli.output import Column
from plg.contract.cli_output import GameDocument, GamesDocument
from plg.contract.games import AddressChange, Confidence, GameDetail, GameSummary, Transport

_TRANSPORTS = {
    Transport.UDP: N_("UDP"),
    Transport.TCP: N_("TCP only"),
    Transport.MIXED: N_("UDP and TCP"),
    Transport.UNKNOWN: N_("not known"),
}

_ADDRESS_CHANGES = {
    AddressChange.AGILE: N_("keeps the player when the address changes"),
    AddressChange.PORT_ONLY: N_("keeps the player when only the port changes"),
    AddressChange.BOUND: N_("drops the player when the address changes"),
    AddressChange.UNKNOWN: N_("not known; treated as dropping the player"),
}

_CONFIDENCES = {Confidence.HIGH: N_("certain"), Confidence.MEDIUM: N_("likely"), Confidence.LOW: N_("a guess")}


def show_games(run: Invocation, games: Sequence[GameSummary], *, searched: bool) -> None:
    """A row per game; an empty list says what to do next."""
    if run.output.as_json:
        run.output.document(GamesDocument(games=list(games), total=len(games)))
        return
    if not games:
        if searched:
            run.talk.say(_("No game matches. See all with: plg games"))
            run.talk.say(_("A community server needs no profile: plg connect GAME --target HOST:PORT"))
        else:
            run.talk.say(_("The server has no games yet. Its operator adds them."))
        return
    columns = [
        Column(_("Name")),
        Column(_("Game")),
        Column(_("Category")),
        Column(_("Carried")),
        Column(_("Transport")),
    ]
    rows = [
        (game.slug, game.name, game.category, _("yes") if game.boostable else _("no"), _(_TRANSPORTS[game.transport]))
        for game in games
    ]
    run.output.table(columns, rows)
    run.talk.say(ngettext("{n} game", "{n} games", len(games)).format(n=len(games)))


def show_game(run: Invocation, game: GameDetail) -> None:
    """Everything that the profile knows, with how sure it is."""
    if run.output.as_json:
        run.output.document(GameDocument(game=game))
        return
    run.output.line(f"{game.name} ({game.slug})")
    rows = [(title, text) for title, text in game_details(game) if text]
    width = max(len(title) for title, _text in rows)
    for title, text in rows:
        run.output.line(f"  {title + ':':<{width + 1}}  {text}")


def game_details(game: GameDetail) -> Iterable[tuple[str, str]]:
    def with_confidence(text: str, field: str) -> str:
        level = game.confidence.get(field)
        return f"{text} ({_(_CONFIDENCES[level])})" if text and level is not None else text

    yield _("Category"), game.category
    yield _("Publisher"), game.publisher or ""
    yield _("Carried by PLG"), _("yes") if game.boostable else _("no")
    yield _("Transport"), with_confidence(_(_TRANSPORTS[game.transport]), "transport")
    yield _("Also called"), ", ".join(game.aliases)
    yield _("Programs, Windows"), with_confidence(", ".join(game.executables_windows), "executables")
    yield _("Programs, Linux"), with_confidence(", ".join(game.executables_linux), "executables")
    yield _("UDP ports"), with_confidence(", ".join(game.udp_ports), "udp_ports")
    yield _("Destinations"), destinations_text(game)
    yield _("Regions"), ", ".join(region.name for region in game.regions)
    yield _("Game server"), _(_ADDRESS_CHANGES[game.address_change])
    yield _("Peer to peer"), _("yes") if game.p2p else ""
    yield _("On Linux"), game.linux_status or ""
    yield _("Anti-cheat"), game.anti_cheat_note or ""
    yield _("Notes"), game.notes or ""


def destinations_text(game: GameDetail) -> str:
    """How many networks the profile names, or where the addresses come from instead."""
    networks = sum(len(rule.cidrs) for rule in game.destinations)
    if networks:
        return ngettext("{n} network", "{n} networks", networks).format(n=networks)
    if game.observed_targets:
        return _("the addresses that the game talks to, approved one by one")
    return _("none known: give one with --target HOST:PORT")


def transport_word(transport: Transport) -> str:
    """What carries play, in words."""
    return _(_TRANSPORTS[transport])
