"""Which values are guessed from a query's probabilities."""

import pytest

from search_api.understanding.guessing import guess_values


@pytest.mark.parametrize(
    ("shares", "guessed"),
    [
        ({"E9": 0.5, "T-funny": 0.4, "E1": 0.05, "E2": 0.05}, {"E9": 1.0, "T-funny": 0.8, "E1": 0.1}),
        ({"E9": 0.96, "E1": 0.04}, {"E9": 1.0}),  # what is unlikely is not meant besides
        ({"E9": 0.24, "E1": 0.24, "E2": 0.24, "E3": 0.28 - 1e-9}, {"E3": 1.0, "E1": 0.8571, "E2": 0.8571}),
        ({"E9": 0.2, "E1": 0.2, "E2": 0.2, "E3": 0.2, "E4": 0.2}, {}),  # it may be anything: a name, a plot
    ],
)
def test_the_likeliest_is_guessed_where_one_is_likely_enough(
    shares: dict[str, float], guessed: dict[str, float]
) -> None:
    assert guess_values(shares) == guessed
