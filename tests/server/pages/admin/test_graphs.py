"""/admin/graphs: Grafana's panels in frames that only this page allows, or how to set them up."""

from pathlib import Path

from support.desk_visitor import Desk, desk_world


async def test_without_grafana_the_page_says_how_to_set_it_up(desk: Desk) -> None:
    shown = await desk.support.open("/en/admin/graphs")
    assert "grafana_url" in shown.text
    assert "<iframe" not in shown.html
    assert "frame-src 'none'" in shown.headers["Content-Security-Policy"]


async def test_panels_stand_in_frames_of_grafanas_origin_on_this_page_alone(tmp_path: Path) -> None:
    settings = {"grafana_url": "https://graphs.example.org/g", "grafana_panels": ["/d-solo/a/b?panelId=1&x=2"]}
    async with desk_world(tmp_path / "data", **settings) as desk:
        shown = await desk.support.open("/en/admin/graphs")
        assert 'src="https://graphs.example.org/g/d-solo/a/b?panelId=1&amp;x=2"' in shown.html
        assert "frame-src https://graphs.example.org;" in shown.headers["Content-Security-Policy"]
        other = await desk.support.open("/en/admin")
        assert "frame-src 'none'" in other.headers["Content-Security-Policy"]
