"""The ways between relays, from what both ends say."""

from hypothesis import given
from hypothesis import strategies as st

from plg_server.services.mesh import Mesh
from plg_server.services.path_score import Figure


def test_a_link_is_as_bad_as_its_worse_end_says() -> None:
    mesh = Mesh({"a": {"b": Figure(5.0, 1.0, 9.0, 3.0)}, "b": {"a": Figure(8.0, 0.0, None, 1.0)}})
    assert mesh.link("a", "b") == mesh.link("b", "a") == Figure(8.0, 1.0, 9.0, 3.0)


def test_one_end_is_enough_and_none_is_unknown() -> None:
    mesh = Mesh({"a": {"b": Figure(5.0)}})
    assert mesh.link("b", "a") == Figure(5.0)
    assert mesh.link("a", "c") is None


def test_a_link_that_one_end_hears_nothing_over_is_no_way() -> None:
    mesh = Mesh({"a": {"b": Figure(5.0)}, "b": {"a": Figure(None, 100.0)}})
    link = mesh.link("a", "b")
    assert link is not None
    assert (link.rtt_ms, link.loss_percent) == (None, 100.0)


@given(st.floats(0, 500), st.floats(0, 500))
def test_no_relay_can_make_a_link_look_shorter_than_its_peer_measured_it(claim_ms: float, peer_ms: float) -> None:
    link = Mesh({"liar": {"b": Figure(claim_ms)}, "b": {"liar": Figure(peer_ms)}}).link("liar", "b")
    assert link is not None
    assert link.rtt_ms is not None
    assert link.rtt_ms >= peer_ms
