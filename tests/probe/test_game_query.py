"""Questions to game servers, and answers by friends and enemies."""

from hypothesis import given
from hypothesis import strategies as st

from plg.probe.game_query import (
    MAX_ANSWER_BYTES,
    MAX_TEXT,
    A2sQuery,
    Quake3Query,
    QueryProtocol,
    ServerAnswer,
    known_protocol,
    make_query,
)

INFO = b"\xff\xff\xff\xffI\x11The Hill\x00de_dust2\x00csgo\x00Counter-Strike\x00\xda\x02\x07\x10\x00dl\x00\x01"


def quake3_answer(question: bytes, **facts: str) -> bytes:
    word = question.rpartition(b" ")[2].decode()
    pairs = {"challenge": word, **facts}
    return b"\xff\xff\xff\xffinfoResponse\n" + "".join(f"\\{key}\\{value}" for key, value in pairs.items()).encode()


def test_a2s_asks_for_the_information_as_valve_documents_it() -> None:
    assert A2sQuery().request() == b"\xff\xff\xff\xffTSource Engine Query\x00"


def test_a_challenge_is_a_round_trip_and_goes_with_the_next_question() -> None:
    query = A2sQuery()
    query.request()
    assert query.read(b"\xff\xff\xff\xffA\x0b\xad\xf0\x0d")
    assert query.answer is None
    assert query.request() == b"\xff\xff\xff\xffTSource Engine Query\x00\x0b\xad\xf0\x0d"
    assert query.read(INFO)
    assert query.answer == ServerAnswer("The Hill", "de_dust2", 7, 16)


def test_each_answer_uses_its_question_up() -> None:
    query = A2sQuery()
    assert not query.read(INFO)
    query.request()
    assert query.read(INFO)
    assert not query.read(INFO)


def test_quake3_answers_are_known_by_the_word_of_their_question() -> None:
    query = Quake3Query()
    first = query.request()
    second = query.request()
    assert not query.read(quake3_answer(first))
    assert query.read(quake3_answer(second, hostname="Big Room", mapname="oa_dm1", clients="3", sv_maxclients="16"))
    assert query.answer == ServerAnswer("Big Room", "oa_dm1", 3, 16)
    assert not query.read(quake3_answer(second))


def test_descendants_that_count_people_only_are_understood() -> None:
    query = Quake3Query()
    assert query.read(quake3_answer(query.request(), g_humanplayers="2"))
    assert query.answer == ServerAnswer("", "", 2, None)


def test_long_names_are_cut_and_numbers_that_are_none_are_not_known() -> None:
    query = Quake3Query()
    assert query.read(quake3_answer(query.request(), hostname="x" * 500, clients="many", sv_maxclients="9" * 30))
    assert query.answer == ServerAnswer("x" * MAX_TEXT, "", None, None)


def test_broken_and_oversized_answers_are_no_answers() -> None:
    query = A2sQuery()
    query.request()
    for datagram in (b"", b"\xff\xff\xff\xff", INFO[:-30], b"\xfe" + INFO[1:], b"\xff\xff\xff\xffA\x01\x02\x03"):
        assert not query.read(datagram)
    assert not query.read(INFO + b"x" * MAX_ANSWER_BYTES)
    assert query.read(INFO)


def test_open_and_source_games_have_their_protocol_and_others_none() -> None:
    assert known_protocol("openarena") is QueryProtocol.QUAKE3
    assert known_protocol("team-fortress-2") is QueryProtocol.A2S
    assert known_protocol("valorant") is None


@given(st.sampled_from(QueryProtocol), st.binary(max_size=300), st.booleans())
def test_nothing_that_arrives_raises(protocol: QueryProtocol, noise: bytes, headed: bool) -> None:
    query = make_query(protocol)
    query.request()
    heads = {QueryProtocol.A2S: b"\xff\xff\xff\xffI", QueryProtocol.QUAKE3: b"\xff\xff\xff\xffinfoResponse\n"}
    query.read(heads[protocol] + noise if headed else noise)
    if query.answer is not None:
        assert len(query.answer.name) <= MAX_TEXT
