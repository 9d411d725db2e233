"""/admin/games: finding games, and an editor with a field for each thing that operators mend."""

from aiohttp import web

from plg.contract.admin_games import (
    AdminGamesQuery,
    GamesChange,
    GameTextRequest,
    ResetGameRequest,
    TableKind,
    TableName,
)
from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.handlers.admin.games import SlugPath
from plg_server.pages.admin.acts import ActForm, Trial, ask_once_more, said
from plg_server.pages.admin.game_forms import (
    GameForm,
    changed_fields,
    edit_request,
    faults_by_field,
    form_values,
    game_text,
)
from plg_server.pages.admin.lists import paging
from plg_server.pages.language import N_, translated
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import REFUSAL, SHOWN_AT, Refusal, go, render
from plg_server.pages.visitor import visitor_of
from plg_server.problems import ApiError
from plg_server.routes import Limit

FORM_LIMIT_BYTES = 512 * 1024
"""An area of 40 000 letters takes six bytes for each where they are Russian."""


class ResetForm(ActForm, frozen=True, kw_only=True):
    """Which table is again as the server's files have it."""

    kind: TableKind = "game"
    name: TableName


@page("GET", "/admin/games", access=Access.SUPPORT, limit=Limit.READ, query=AdminGamesQuery)
async def games_page(request: web.Request, query: AdminGamesQuery) -> web.Response:
    """Games, and which of them operators changed."""
    found = await request.app[app_keys.ADMIN_GAMES].page(query)
    return render(request, "admin/games.html", found=found, query=query, paging=paging(query, found))


@page("GET", "/admin/games/{slug}", access=Access.SUPPORT, limit=Limit.READ, path=SlugPath)
async def game_page(request: web.Request, path: SlugPath) -> web.Response:
    """One game: its fields, its table, what was changed."""
    detail = await request.app[app_keys.ADMIN_GAMES].show(path.slug)
    return render(request, "admin/game.html", detail=detail, game=detail.game, values=form_values(detail.toml))


@page(
    "POST",
    "/admin/games/{slug}/edit",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=SlugPath,
    form=GameForm,
    form_limit_bytes=FORM_LIMIT_BYTES,
    shown_again=game_page,
)
async def edit_game(request: web.Request, path: SlugPath, form: GameForm) -> web.StreamResponse:
    """Look the change through, show what differs, and then change it."""
    games = request.app[app_keys.ADMIN_GAMES]
    detail = await games.show(path.slug)
    changed = changed_fields(form_values(detail.toml), form)
    if not changed:
        raise ApiError(ErrorCode.NOTHING_TO_CHANGE, "nothing differs")
    text = game_text(detail.game.slug, changed)
    faults = (await games.validate(GameTextRequest(toml=text.toml, source=detail.game.slug))).faults
    if faults:
        fields = faults_by_field(text, faults, translated(visitor_of(request).language, N_("line {number}")))
        request[REFUSAL] = Refusal(ErrorCode.INVALID_BODY, fields.pop("", ""), fields)
        request[SHOWN_AT] = f"/admin/games/{detail.game.slug}"
        return await game_page.handler(request, path=path)
    done = await games.edit(actor_of(request), detail.game.slug, edit_request(changed, dry_run=form.dry_run))
    title = said(request, N_("Change {name}?"), name=detail.game.name)
    return next_page(request, done, title, f"/admin/games/{detail.game.slug}")


@page(
    "POST",
    "/admin/games/reset",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    form=ResetForm,
)
async def reset_table(request: web.Request, form: ResetForm) -> web.StreamResponse:
    """Take operators' change of a game or list back."""
    wanted = ResetGameRequest(kind=form.kind, name=form.name, dry_run=form.dry_run)
    done = await request.app[app_keys.ADMIN_GAMES].reset(actor_of(request), wanted)
    return next_page(
        request, done, said(request, N_("Take the changes of {name} back?"), name=form.name), "/admin/games"
    )


@page(
    "POST",
    "/admin/games/{slug}/delete",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=SlugPath,
    form=ActForm,
    shown_again=game_page,
)
async def delete_game(request: web.Request, path: SlugPath, form: ActForm) -> web.StreamResponse:
    """Delete a game of the operators' own."""
    games = request.app[app_keys.ADMIN_GAMES]
    done = await games.delete(actor_of(request), path.slug, dry_run=form.dry_run)
    return next_page(request, done, said(request, N_("Delete {name}?"), name=path.slug), "/admin/games")


def next_page(request: web.Request, done: GamesChange, title: str, back: str) -> web.Response:
    """After a change, or with what it would change."""
    if not done.dry_run:
        return go(request, back, note="games_changed")
    lines = (
        (said(request, N_("Sessions of games that go: {count}"), count=done.running_sessions),)
        if done.running_sessions
        else ()
    )
    diffs = tuple((f"{change.kind} {change.name}", change.diff) for change in done.changes)
    return ask_once_more(request, Trial(title, said(request, N_("Change the games")), back, lines=lines, diffs=diffs))


PAGES = (games_page, reset_table, game_page, edit_game, delete_game)
