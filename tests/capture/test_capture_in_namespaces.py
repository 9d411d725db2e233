"""What every privileged way of capturing promises, on real links: a client, a router that counts, a game server."""

import signal
import time

import pytest

from support.capture_bench import CaptureBench, numbers, ways

pytestmark = [
    pytest.mark.netns,
    pytest.mark.parametrize("source", ["divert", "tun"]),
]

BOTH = ["ipv4", "ipv6"]
SOME = 20
"""Datagrams that `udp_game` sends unless told otherwise."""


@pytest.mark.parametrize("family", BOTH)
def test_an_unmodified_program_talks_through_the_tunnel_and_nothing_passes_the_router(
    any_bench: CaptureBench, source: str, family: str
) -> None:
    driver = any_bench.start_driver(source, any_bench.spec())
    driver.order("divert", mode="tunnel")
    result = any_bench.play(host=getattr(any_bench.server, family))
    assert numbers(result, "tunnel") == list(range(SOME))
    assert ways(result) == {"tunnel": SOME}
    assert any_bench.packets_at_router() == 0
    stats = driver.order("stats")
    assert (stats["captured"], stats["delivered"], stats["leaked"], stats["errors"]) == (SOME, SOME, 0, {})
    assert stats["flows"] == [[result["local_port"], getattr(any_bench.server, family), 27960]]
    driver.order("close")
    assert ways(any_bench.play()) == {"direct": SOME}
    driver.end()
    any_bench.wait_until_clean()


@pytest.mark.parametrize("family", BOTH)
def test_what_the_handler_lets_go_arrives_unchanged_and_in_order(
    any_bench: CaptureBench, source: str, family: str
) -> None:
    driver = any_bench.start_driver(source, any_bench.spec())
    driver.order("divert", mode="direct")
    result = any_bench.play(
        "--bytes", "700", "--count", "200", "--rate", "2000", host=getattr(any_bench.server, family)
    )
    assert numbers(result, "direct") == list(range(200))
    assert any_bench.packets_at_router() == 200
    assert driver.order("stats")["passed_direct"] == 200
    driver.end()
    seen = any_bench.server_saw()
    assert (seen["numbers"], seen["sizes"]) == (list(range(200)), [700])
    any_bench.wait_until_clean()


def test_a_program_that_does_not_connect_its_socket_is_captured_too(bench: CaptureBench, source: str) -> None:
    driver = bench.start_driver(source, bench.spec())
    driver.order("divert", mode="tunnel")
    for host in (bench.server.ipv4, bench.server.ipv6):
        assert ways(bench.play("--unconnected", host=host)) == {"tunnel": SOME}
    driver.end()


def test_payloads_that_were_held_can_still_go_their_original_way(bench: CaptureBench, source: str) -> None:
    driver = bench.start_driver(source, bench.spec())
    driver.order("divert", mode="hold")
    for host in (bench.server.ipv4, bench.server.ipv6):
        result = bench.play(host=host)
        assert sorted(numbers(result, "direct")) == list(range(SOME))
        assert min(delay for _, _, delay in result["answers"]) > 0.045
    driver.end()


def test_a_match_that_runs_already_stays_direct_without_loss_while_a_new_one_is_taken(
    bench: CaptureBench, source: str
) -> None:
    driver = bench.start_driver(source, bench.spec())
    old_match = bench.start_game("--count", "500", "--rate", "200")
    time.sleep(0.2)
    seen = driver.order("observe", seconds=0.4)["flows"]
    assert seen == [[old_match.local_port, bench.server.ipv4, 27960]]
    driver.order("divert", mode="keep-old")
    assert ways(bench.play()) == {"tunnel": SOME}
    result = old_match.result()
    assert numbers(result, "direct") == list(range(500))
    assert ways(result) == {"direct": 500}
    driver.end()
    bench.wait_until_clean()


def test_watching_shows_the_flows_and_changes_nothing(bench: CaptureBench, source: str) -> None:
    driver = bench.start_driver(source, bench.spec())
    games = [bench.start_game("--count", "200", host=host) for host in (bench.server.ipv4, bench.server.ipv6)]
    flows = driver.order("observe", seconds=0.5)["flows"]
    assert flows == sorted(
        [
            [games[0].local_port, bench.server.ipv4, 27960],
            [games[1].local_port, bench.server.ipv6, 27960],
        ]
    )
    for game in games:
        assert numbers(game.result(), "direct") == list(range(200))
    assert driver.order("stats")["passed_direct"] == 0
    driver.end()
    bench.wait_until_clean()


def test_other_ports_and_other_hosts_are_not_touched(bench: CaptureBench, source: str) -> None:
    elsewhere = {"rules": [{"prefixes": [f"{bench.server.ipv4}/32"], "ports": [[30000, 30010]]}]}
    driver = bench.start_driver(source, elsewhere)
    driver.order("divert", mode="tunnel")
    assert ways(bench.play()) == {"direct": SOME}
    assert ways(bench.play(host=bench.server.ipv6)) == {"direct": SOME}
    assert driver.order("stats")["captured"] == 0
    driver.end()


def test_excluded_addresses_are_never_captured(bench: CaptureBench, source: str) -> None:
    spec = bench.spec("10.77.0.0/16", "fd77::/16", excluded=[bench.server.ipv6])
    driver = bench.start_driver(source, spec)
    driver.order("divert", mode="tunnel")
    assert ways(bench.play(host=bench.server.ipv6)) == {"direct": SOME}
    assert ways(bench.play(host=bench.server.ipv4)) == {"tunnel": SOME}
    driver.end()
    bench.wait_until_clean()


def test_a_rule_without_addresses_takes_a_port_anywhere(bench: CaptureBench, source: str) -> None:
    spec = {"rules": [{"ports": [[27950, 27970], [65535, 65535]]}], "excluded": [bench.server.ipv6]}
    driver = bench.start_driver(source, spec)
    driver.order("divert", mode="tunnel")
    assert ways(bench.play(host=bench.server.ipv4)) == {"tunnel": SOME}
    assert ways(bench.play(host=bench.server.ipv6)) == {"direct": SOME}
    driver.end()
    bench.wait_until_clean()


@pytest.mark.parametrize("count", [65, 300])
def test_more_prefixes_than_the_kernel_takes_rules_still_match_exactly(
    bench: CaptureBench, source: str, count: int
) -> None:
    # Every second /28 of a wide range, so that nothing collapses; the server's own neighbours are not among them.
    scattered = [f"10.{90 + index // 128}.{index % 128}.0/28" for index in range(count)]
    driver = bench.start_driver(source, bench.spec(*scattered, f"{bench.server.ipv4}/32"))
    driver.order("divert", mode="tunnel")
    assert ways(bench.play(host=bench.server.ipv4)) == {"tunnel": SOME}
    assert bench.packets_at_router() == 0
    assert ways(bench.play(host=bench.server.ipv6)) == {"direct": SOME}
    driver.end()
    bench.wait_until_clean()


def test_segmentation_super_packets_become_single_datagrams(bench: CaptureBench, source: str) -> None:
    driver = bench.start_driver(source, bench.spec())
    for mode, way in (("tunnel", "tunnel"), ("direct", "direct")):
        driver.order("divert", mode=mode)
        result = bench.play("--segment", "500", "--bytes", "4000", "--count", "80", "--rate", "4000")
        assert sorted(numbers(result, way)) == list(range(80))
        assert result["sizes"] == [500]
    driver.end()


def test_datagrams_larger_than_the_link_reach_the_server_whole(bench: CaptureBench, source: str) -> None:
    driver = bench.start_driver(source, bench.spec())
    driver.order("divert", mode="direct")
    for host in (bench.server.ipv4, bench.server.ipv6):
        result = bench.play("--bytes", "3000", host=host)
        assert numbers(result, "direct") == list(range(SOME))
        assert result["sizes"] == [3000]
    driver.end()


def test_replies_pass_where_the_source_check_is_strict(bench: CaptureBench, source: str) -> None:
    for interface in ("all", "default", "eth0"):
        bench.client.write_sysctl(f"net/ipv4/conf/{interface}/rp_filter", "1")
    driver = bench.start_driver(source, bench.spec())
    for mode, way in (("direct", "direct"), ("tunnel", "tunnel")):
        driver.order("divert", mode=mode)
        assert ways(bench.play()) == {way: SOME}
    driver.end()


def test_the_tunnels_own_marked_socket_is_not_captured(bench: CaptureBench, source: str) -> None:
    driver = bench.start_driver(source, bench.spec())
    driver.order("divert", mode="tunnel")
    code = """
import json, socket, sys
from plg.capture.bypass_mark import mark_socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(5)
marked = mark_socket(sock)
sock.sendto(b"00000007 ", (sys.argv[1], 27960))
print(json.dumps([marked, sock.recv(100).decode()]))
"""
    assert bench.run_inside(code, bench.server.ipv4) == [True, "direct 00000007"]
    driver.end()


def test_killing_the_client_leaves_the_game_without_traffic_for_at_most_100_ms(
    bench: CaptureBench, source: str
) -> None:
    driver = bench.start_driver(source, bench.spec())
    driver.order("divert", mode="tunnel")
    game = bench.start_game("--count", "500", "--rate", "200")
    time.sleep(1.0)
    driver.kill()
    result = game.result()
    answered = {number for _, number, _ in result["answers"]}
    silent = [number for number in range(500) if number not in answered]
    first_direct = min(numbers(result, "direct"))
    last_tunnelled = max(numbers(result, "tunnel"))
    gap_s = result["sent_at"][first_direct] - result["sent_at"][last_tunnelled]
    assert gap_s <= 0.1, (gap_s, silent)
    assert set(silent) <= set(range(last_tunnelled, first_direct + 1))
    bench.wait_until_clean()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_that_nobody_handles_leaves_nothing_behind(
    bench: CaptureBench, source: str, number: signal.Signals
) -> None:
    driver = bench.start_driver(source, bench.spec())
    driver.order("divert", mode="tunnel")
    driver.process.send_signal(number)
    driver.process.wait(10)
    bench.wait_until_clean()
    assert ways(bench.play()) == {"direct": SOME}


def test_what_a_crash_left_that_also_took_the_watchdog_is_cleaned_at_the_next_start(
    bench: CaptureBench, source: str
) -> None:
    driver = bench.start_driver(source, bench.spec())
    driver.order("divert", mode="tunnel")
    watchdogs = [pid for pid in bench.processes_in_client() if pid != driver.hello["pid"]]
    assert len(watchdogs) == 1
    bench.run_inside("import json, os, sys; os.kill(int(sys.argv[1]), 9); print(json.dumps(0))", str(watchdogs[0]))
    driver.kill()
    assert bench.system_state() != bench.before
    assert len(bench.journals()) == 1

    bench.start_driver(source, bench.spec()).end()
    bench.wait_until_clean()


def test_closing_while_packets_flow_loses_nothing_that_was_captured(bench: CaptureBench, source: str) -> None:
    driver = bench.start_driver(source, bench.spec())
    driver.order("divert", mode="direct")
    game = bench.start_game("--count", "500", "--rate", "500")
    time.sleep(0.4)
    driver.order("close")
    lost = set(range(500)) - set(numbers(game.result(), "direct"))
    # Taking the empty filter hook off an interface makes the kernel stop that interface for a moment: 10 ms at most.
    assert len(lost) <= (5 if source == "divert" else 0)
    driver.end()
    bench.wait_until_clean()


def test_only_the_named_program_is_captured(bench: CaptureBench, source: str) -> None:
    shooter = bench.make_program("shooter-with-a-long-name")
    browser = bench.make_program("browser")
    driver = bench.start_driver(source, bench.spec(executables=["Shooter-With-A-Long-Name"]))
    driver.order("divert", mode="tunnel")
    assert ways(bench.play(program=shooter)) == {"tunnel": SOME}
    assert ways(bench.play(program=browser)) == {"direct": SOME}
    assert ways(bench.play(program=shooter, host=bench.server.ipv6)) == {"tunnel": SOME}
    stats = driver.order("stats")
    assert (stats["captured"], stats["other_process"]) == (2 * SOME, SOME)
    driver.end()


def test_a_network_that_appears_later_is_captured_too(bench: CaptureBench, source: str) -> None:
    driver = bench.start_driver(source, bench.spec("10.99.0.0/24"))
    driver.order("divert", mode="tunnel")
    bench.add_second_network()
    deadline = time.monotonic() + 10
    while ways(bench.play("--count", "5", host="10.99.0.1")) != {"tunnel": 5}:
        assert time.monotonic() < deadline, "the new network is not captured"
    bench.remove_second_network()
    driver.end()
    bench.wait_until_clean()
