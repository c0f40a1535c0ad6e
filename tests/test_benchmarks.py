"""The benchmarks measure what is there."""

from benchmarks import phases


def test_what_is_measured_as_a_phase_is_a_function_of_today():
    places = phases.places()
    assert len(places) == 6
    assert all(callable(getattr(owner, attribute)) for owner, attribute, _ in places)
