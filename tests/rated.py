"""A small catalogue of films that two groups of people like, and their ratings as MovieLens writes them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from catalogues import Fields, make_record

N_FILMS, N_PEOPLE = 60, 160
"""Films with an even number are of the sea, those with an odd number of the desert; so are the people's likes."""

_WORDS = (
    "harbour storm sailor lighthouse wave anchor island captain reef tide",
    "dune caravan oasis camel mirage sandstorm nomad well canyon sun",
)
_PEOPLE = (("Mara Quay", "Jon Spray"), ("Idris Sand", "Lena Mesa"))


def film_id(number: int) -> str:
    """Return the work id of a film."""
    return f"test:film-{number}"


def imdb_id(number: int) -> str:
    return f"tt{7_000_000 + number}"


def make_films() -> Sequence[Fields]:
    """Return the records of the films."""
    draw = random.Random(1)
    films = []
    for number in range(N_FILMS):
        side = number % 2
        words = " ".join(draw.sample(_WORDS[side].split(), 5))
        films.append(
            make_record(
                f"film-{number}", f"Picture {_numeral(number)}", f"A film about {words}. It tells of {words}.",
                kind="movie", year=1950 + number, ids={"imdb": imdb_id(number)},
                creators=[{"name": draw.choice(_PEOPLE[side]), "role": "director"}],
            )
        )  # fmt: skip
    return films


def _numeral(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number)).capitalize() * 2


def make_ratings(films: Iterable[int] = range(N_FILMS)) -> list[tuple[int, int, float]]:
    """Return ratings as person, film and stars: ten likes of each person's side, and two dislikes of the other."""
    draw, films = random.Random(2), list(films)
    ratings = []
    for person in range(1, N_PEOPLE + 1):
        own = [film for film in films if film % 2 == person % 2]
        other = [film for film in films if film % 2 != person % 2]
        ratings += [(person, film, draw.choice((4.0, 4.5, 5.0))) for film in draw.sample(own, 10)]
        ratings += [(person, film, draw.choice((0.5, 1.0, 2.0))) for film in draw.sample(other, 2)]
    return ratings


def write_movielens(folder: Path, ratings: Iterable[tuple[int, int, float]] | None = None) -> tuple[Path, Path]:
    """Write ratings and links, and return their paths; film n is movieId n + 100."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{person},{film + 100},{stars},964982703" for person, film, stars in ratings or make_ratings()]
    (folder / "ratings.csv").write_text("\n".join(["userId,movieId,rating,timestamp", *lines]) + "\n")
    links = [f"{film + 100},{7_000_000 + film},{film}" for film in range(N_FILMS)]
    (folder / "links.csv").write_text("\n".join(["movieId,imdbId,tmdbId", *links]) + "\n")
    return folder / "ratings.csv", folder / "links.csv"
