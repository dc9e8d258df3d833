"""The age that certificates recommend."""

from __future__ import annotations

import pytest

from indexer.certificates import least_age


@pytest.mark.parametrize(
    ("certificates", "age"),
    [
        ({}, None),
        ({"US": "Not Rated"}, None),
        ({"US": "PG-13"}, 13),
        ({"US": "R"}, 17),
        ({"US": "G"}, 0),
        ({"GB": "12A"}, 12),
        ({"GB": "U", "DE": "FSK 6"}, 0),
        ({"DE": "0"}, 0),
        ({"IN": "A"}, 18),
        ({"ES": "A"}, 0),
        ({"US": "R", "DE": "12", "SE": "15"}, 15),
        ({"US": "NR", "FI": "K-7"}, 7),
    ],
)
def test_the_least_age(certificates: dict[str, str], age: int | None) -> None:
    assert least_age(certificates) == age
