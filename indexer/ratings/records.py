"""The records of ratings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from crawler.text import count_of

LEAST_LIKE = 4.0
"""The least number of stars, of five, that counts as a like."""
MOST_DISLIKE = 2.0
"""The most stars that count as a dislike."""
MOST_EXAMPLES = 3
KINDS = ("movie", "book")
"""The kinds of works that are rated."""


@dataclass(frozen=True, slots=True)
class RatedWork:
    """A work as a table of ratings names it; any of the fields may be missing.

    Attributes:
        ids: External ids by name, as `Work.ids` has them.
        titles: Its title, and other titles that it has.
        year: Its year.
        kind: "movie" or "book".
    """

    ids: Mapping[str, str]
    titles: tuple[str, ...] = ()
    year: int | None = None
    kind: str | None = None


class Rating(NamedTuple):
    """One person's rating of a work, in stars from 0.5 to 5.

    Attributes:
        user: The person, as the file names it; "" in a personal export.
        work: The work's own id in the file, or the work itself where the file describes it.
        stars: The rating, on a scale of five.
    """

    user: str
    work: str | RatedWork
    stars: float


@dataclass
class ReadingReport:
    """What was read of files of ratings, and what was not.

    Attributes:
        formats: The name of the format of each file, by path.
        licences: The licences of the formats, each once.
        n_ratings: How many ratings were read.
        left_out: How many lines were left out, by reason.
        examples: The first lines left out for each reason, as "file:line: what is wrong".
        n_without: How many lines have no rating, such as books that were put on a shelf.
    """

    formats: dict[str, str] = field(default_factory=dict)
    licences: list[str] = field(default_factory=list)
    n_ratings: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    n_without: int = 0

    def leave_out(self, reason: str, place: str) -> None:
        """Count a line that was left out."""
        self.left_out[reason] += 1
        named = self.examples.setdefault(reason, [])
        if len(named) < MOST_EXAMPLES:
            named.append(place)

    def lines(self) -> list[str]:
        """Return one line for each reason: how many lines were left out, and the first of them."""
        lines = []
        for reason, n in self.left_out.most_common():
            more = ["..."] if n > MOST_EXAMPLES else []
            lines.append(f"{count_of(n, 'line')} left out: {reason} ({'; '.join([*self.examples[reason], *more])})")
        return lines
