"""/look: language and theme."""

from pathlib import Path

from support.shared_server import shared_server
from support.site_visitor import SiteVisitor


async def test_language_and_theme_are_remembered_and_lead_back(tmp_path: Path) -> None:
    async with shared_server(tmp_path / "data") as api:
        visitor = SiteVisitor(api)
        home = await visitor.open("/")
        assert home.path == "/en/"
        (to_russian,) = [link for link in home.links if "language=ru" in link]
        russian = await visitor.open(to_russian)
        assert (russian.path, 'lang="ru"' in russian.html) == ("/ru/", True)
        assert (await visitor.open("/sign-in")).path == "/ru/sign-in"
        page = await visitor.open("/ru/sign-in?next=/ru/account%3Fa%3D1")
        (to_dark,) = [link for link in page.links if "theme=dark" in link]
        dark = await visitor.open(to_dark)
        assert (dark.path, 'data-theme="dark"' in dark.html) == ("/ru/sign-in", True)
        assert 'data-theme="dark"' in (await visitor.open("/ru/")).html
        back = await visitor.open("/en/look?language=ru&next=/en/account%3Fpage%3D2")
        assert back.url.startswith("/ru/sign-in") or back.url == "/ru/account?page=2"
