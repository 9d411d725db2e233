"""What Prometheus reads."""

import time
from pathlib import Path

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from plg_relay.metrics import metrics_app
from plg_relay.relay_status import RelayStatus
from support.live_relay import LivePlayer, game_socket, live_plane


async def test_a_scrape_shows_packets_drops_by_reason_and_who_we_are(tmp_path: Path) -> None:
    async with live_plane(tmp_path) as relay:
        player, game = LivePlayer.at(relay.port), game_socket()
        await player.connect()
        player.send(b"x", game.getsockname())
        await player.game_receives(game, b"x")
        player.opened.sendto(b"junk" * 20, player.relay)
        await player.until(lambda: bool(relay.plane.status_now().drops), "a drop")
        status = RelayStatus(
            relay.plane,
            node_id="n",
            boot_id="0" * 16,
            version="1.2",
            max_sessions=9,
            started_s=time.monotonic(),
            restarts={"crash": 2, "reload": 1},
        )
        async with TestServer(metrics_app(status)) as server, ClientSession() as http:
            async with http.get(server.make_url("/metrics")) as answer:
                text = await answer.text()
            async with http.get(
                server.make_url("/metrics"), headers={"Accept": "application/openmetrics-text; version=1.0.0"}
            ) as answer:
                open_metrics = await answer.text()
        assert 'plg_relay_build_info{node_id="n",version="1.2"} 1.0' in text
        assert "plg_relay_sessions 1.0" in text
        assert 'plg_relay_packets_total{direction="up"} 1.0' in text
        assert 'plg_relay_drops_total{reason="' in text
        assert 'plg_relay_restarts_total{reason="crash"} 2.0' in text
        assert open_metrics.endswith("# EOF\n")
        player.close()
        game.close()
