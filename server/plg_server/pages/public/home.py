"""/: the landing page. Every figure on it is this server's own: its catalogue, its prices, what its players measured."""

import functools
import re
from importlib.resources import files

from aiohttp import web

from plg.contract.games import GameSummary, Transport
from plg_server import app_keys
from plg_server.pages.page import Access, page
from plg_server.pages.public import game_words, plan_words
from plg_server.pages.public.live_pings import live_pings
from plg_server.pages.public.results_view import overall, shares_of
from plg_server.pages.rendering import render
from plg_server.pages.visitor import visitor_of
from plg_server.routes import Limit
from plg_server.services.game_catalog import GameCatalog

KEPT_S = 10.0
"""How old the figures on it may be."""

SHOWN_GAMES = 12
SHOWN_RESULTS = 6


@page("GET", "/", access=Access.ANYBODY, limit=Limit.NONE, kept_s=KEPT_S)
async def home(request: web.Request) -> web.Response:
    """What PLG is."""
    app = request.app
    language = visitor_of(request).language
    catalog = app[app_keys.CATALOG]
    sums = await app[app_keys.BENCHMARKS].summaries(None, None)
    pings = await live_pings(request)
    plans = await app[app_keys.SUBSCRIPTIONS].offers()
    named = [(catalog.by_slug[one.game].detail.name, one) for one in sums.summaries if one.game in catalog.by_slug]
    return render(
        request,
        "public/home.html",
        connect_sources=pings.origins,
        relays=pings.relays,
        words=game_words,
        plan_words=plan_words,
        games=shown_games(catalog, [one.game for one in sums.summaries]),
        all_games=len(catalog.profiles),
        carried_games=sum(profile.detail.transport is not Transport.TCP for profile in catalog.profiles),
        days=sums.days,
        overall=overall(sums.summaries),
        results=[(name, one, shares_of(one)) for name, one in named[:SHOWN_RESULTS]],
        plans=plans,
        currency=plan_words.chosen_currency(plans, "", language),
        is_sold=app[app_keys.CONFIG].billing.on,
        is_fair=app[app_keys.CONFIG].billing.outcome_fair,
        transcript=transcript(language),
        recording_size=recording_size(language),
    )


def shown_games(catalog: GameCatalog, measured: list[str]) -> list[GameSummary]:
    """What players measured most first, then popular games, then any; all of them over UDP."""
    boosted = [profile for profile in catalog.profiles if profile.detail.transport is Transport.UDP]
    slugs = [profile.slug for profile in sorted(boosted, key=lambda one: (one.detail.badge != "popular", one.slug))]
    chosen = dict.fromkeys([slug for slug in measured if slug in slugs] + slugs)
    return [catalog.by_slug[slug].summary for slug in list(chosen)[:SHOWN_GAMES]]


@functools.cache
def transcript(language: str) -> str:
    """The words of the recording in the hero."""
    return (files("plg_server") / "pages" / "static" / f"terminal_{language}.txt").read_text(encoding="utf-8")


@functools.cache
def recording_size(language: str) -> tuple[int, int]:
    """Width and height of the recording: named in the page, so that nothing moves when it has come."""
    drawing = (files("plg_server") / "pages" / "static" / f"terminal_{language}.svg").read_text(encoding="utf-8")
    found = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', drawing)
    return (round(float(found[1])), round(float(found[2]))) if found else (0, 0)


PAGES = (home,)
