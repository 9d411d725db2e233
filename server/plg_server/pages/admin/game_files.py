"""/admin/games/import and /export: game files in and out, with what an import would change shown before."""

from typing import Annotated

from aiohttp import hdrs, web
from msgspec import Meta

from plg.contract.admin_games import MAX_TOML_CHARS, ExportQuery, GameTextRequest, ImportGamesRequest
from plg.contract.problem import ErrorCode
from plg.contract.schema import Request, Slug
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.pages.admin.acts import ActForm, said
from plg_server.pages.admin.games import FORM_LIMIT_BYTES, next_page
from plg_server.pages.language import N_
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import REFUSAL, Refusal, render
from plg_server.routes import Limit

SOURCE = "import"


class ImportQuery(Request, frozen=True, kw_only=True):
    """A game whose table stands in the field at first."""

    slug: Slug | None = None


class ImportForm(ActForm, frozen=True, kw_only=True):
    """A game file. With `replace` a game is as the file says, and nothing else of it stays."""

    toml: Annotated[str, Meta(min_length=1, max_length=MAX_TOML_CHARS)]
    replace: bool = False


@page("GET", "/admin/games/import", access=Access.ADMIN, limit=Limit.READ, query=ImportQuery)
async def import_page(request: web.Request, query: ImportQuery) -> web.Response:
    """A field for a game file."""
    text = ""
    if query.slug is not None:
        text = (await request.app[app_keys.ADMIN_GAMES].export(ExportQuery(slug=query.slug))).toml
    return render(request, "admin/game_import.html", toml=text, faults=(), whole=query.slug is not None)


@page(
    "POST",
    "/admin/games/import",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    form=ImportForm,
    form_limit_bytes=FORM_LIMIT_BYTES,
    shown_again=import_page,
)
async def import_games(request: web.Request, form: ImportForm) -> web.StreamResponse:
    """Every fault with its line; else what would change; and then the change."""
    games = request.app[app_keys.ADMIN_GAMES]
    faults = (await games.validate(GameTextRequest(toml=form.toml, source=SOURCE))).faults
    if faults:
        request[REFUSAL] = Refusal(ErrorCode.INVALID_BODY, said(request, N_("This file cannot be taken.")), {})
        return render(request, "admin/game_import.html", toml=form.toml, faults=faults, whole=form.replace)
    wanted = ImportGamesRequest(toml=form.toml, source=SOURCE, replace=form.replace, dry_run=form.dry_run)
    done = await games.import_file(actor_of(request), wanted)
    return next_page(request, done, said(request, N_("Take this file over?")), "/admin/games")


@page("GET", "/admin/games/export", access=Access.SUPPORT, limit=Limit.READ, query=ExportQuery)
async def export_games(request: web.Request, query: ExportQuery) -> web.Response:
    """A download."""
    file = await request.app[app_keys.ADMIN_GAMES].export(query)
    name = query.slug or ("games-all" if query.all else "games-changed")
    return web.Response(
        text=file.toml,
        content_type="application/toml",
        headers={
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}.toml"',
            "X-Content-Type-Options": "nosniff",
            hdrs.CACHE_CONTROL: "no-store",
        },
    )


PAGES = (import_page, import_games, export_games)
