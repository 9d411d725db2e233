"""Findings: what a verdict weighs, and how numbers are told."""

from plg.doctor.finding import Finding, Verdict, ms, worst


def test_the_gravest_verdict_counts_and_what_could_not_be_told_does_not() -> None:
    def of(*verdicts: Verdict) -> Verdict:
        return worst([Finding("x", verdict, "c") for verdict in verdicts])

    assert of(Verdict.OK, Verdict.WARN, Verdict.FAIL) is Verdict.FAIL
    assert of(Verdict.UNKNOWN, Verdict.WARN) is Verdict.WARN
    assert of(Verdict.OK, Verdict.UNKNOWN) is Verdict.OK
    assert of() is Verdict.OK


def test_milliseconds_have_a_place_behind_the_point_only_where_it_matters() -> None:
    assert (ms(0.3411), ms(9.94), ms(51.6)) == (0.3, 9.9, 52.0)
