"""The age that a work's certificates recommend, from the age ratings of the countries' boards. Pure."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping

_EVERYWHERE = {
    **dict.fromkeys(("A", "AL", "ALL", "APTA", "ATP", "BTL", "E", "G", "L", "S", "T", "TP", "TV-G", "TV-Y", "U"), 0),
    "PG": 8,  # the BBFC: "should not unsettle a child aged around eight or older"
    "TV-PG": 8,
    "M": 15,
    "R": 17,
    "TV-MA": 17,
}
_BY_COUNTRY: Mapping[str, Mapping[str, int]] = {
    "AU": {"R": 18, "X": 18},
    "CA": {"A": 18, "R": 18},
    "IN": {"A": 18, "S": 18, "UA": 12},
    "NZ": {"M": 16, "R": 18},
}
"""The ages of certificates that are letters: by country, where they differ from what they mean elsewhere. A certificate
with a number means that age: the US' PG-13, Germany's FSK 12, Italy's VM14, Brazil's 16."""
_AGE = re.compile(r"[0-9]{1,2}")


def least_age(certificates: Mapping[str, str]) -> int | None:
    """Return the age in years from which a work is recommended: the median of the boards, the lower of two.

    None if no certificate is known; "Not Rated" says no age.
    """
    ages = [age for country, text in certificates.items() if (age := _age(country, text.strip().upper())) is not None]
    return statistics.median_low(ages) if ages else None


def _age(country: str, certificate: str) -> int | None:
    if number := _AGE.search(certificate):
        return int(number[0])
    return _BY_COUNTRY.get(country, {}).get(certificate, _EVERYWHERE.get(certificate))
