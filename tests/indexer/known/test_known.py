"""The files beside a generation: a changed catalogue's are those of the same catalogue written at once."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_works import names_in, open_table, write_known

from indexer.known.grams import add_grams, find_alike
from indexer.known.names import SCHEMA
from search_api.work_table import WorkTable

PEOPLE = ("Ada Marsh", "Tom Oak", "Ursula K. Vale", "Bo Finch", "Ada Finch")
WORDS = ("night", "ferry", "river", "stone", "owl", "harbour", "winter", "letters", "glass", "tide")


def make_work(draw: random.Random, number: int) -> dict[str, Any]:
    title = " ".join(draw.sample(WORDS, draw.randint(1, 3))).title()
    endings = ("", "", ": Dawn", " 2", " and the Last Door", " (The Wheel, #3)")
    return {
        "id": f"w{number:03}",
        "title": title + draw.choice(endings),
        "kind": draw.choice(["movie", "book", None]),
        "year": draw.choice([1990, 1991, None]),
        "rating": {"count": draw.randint(1, 9_000), "mean": draw.uniform(1, 10), "scale": 10},
        "creators": [
            {"name": name, "role": draw.choice(["director", "author", "actor"])}
            for name in draw.sample(PEOPLE, draw.randint(0, 3))
        ],
        "series": {"name": "The Wheel", "position": number} if draw.random() < 0.2 else None,
        "genres": draw.sample(["Drama", "War", "Comedy", "Family", "drama"], draw.randint(0, 2)),
        "language": draw.choice(["en", "sv", None]),
        "countries": draw.choice([["SE"], ["GB"], ["SE", "GB"], []]),
        "ids": {"imdb": f"tt{draw.randint(1, 40)}"} if draw.random() < 0.3 else {},
        "description": draw.choice(["A boat crosses. ", "Letters come home. "]) * 5,
    }


def describe(folder: Path) -> dict[str, Any]:
    """Return what the files say of their works, by id."""
    table, names = WorkTable(folder), names_in(folder)
    works = sorted(work_id for row, work_id in enumerate(table.ids) if table.row_of(work_id) == row)
    rows = table.rows_of(works)
    single = [word for word in WORDS if len(word) > 4]
    return {
        "works": works,
        "places": dict(zip(works, table.places[rows].tolist(), strict=True)),
        "known": dict(zip(works, table.known[rows].round(6).tolist(), strict=True)),
        "acclaim": dict(zip(works, table.acclaim[rows].round(6).tolist(), strict=True)),
        "twins": {work for work, row in zip(works, rows, strict=True) if table.is_twin[row]},
        "titles": [table.titles[row] for row in rows],
        "genres": {kind: set(found) for kind, found in table.spelled_genres.items()},
        "has drama": table.has_genre(rows, {"drama"}).tolist(),
        "shares": [round(table.share_known(fact, "movie"), 6) for fact in ("year", "language", "creators")],
        "home": table.home_languages,
        "strengths": table.profiles("ab").strengths(rows, "ab").round(3).tolist(),
        "named": {
            work: {ref.id for ref in names.find_all(table.titles[row])} for work, row in zip(works, rows, strict=True)
        },
        "suggested": {word: {s.id for s in names.suggest(word[:4], 50)} for word in WORDS},
        "misspelt": {
            word: {s.id for s in names.suggest(word[0] + word[2] + word[1] + word[3:], 50)} for word in single
        },
        "containing": {word: set(names.containing([word])) for word in WORDS},
        "wheel": set(names.volumes(["wheel"])),
        "people": {name: set(names.best_known_by(name, 100)) for name in PEOPLE},
        "corrected": {word: names.similar_words(word + "x") for word in single},
    }


@pytest.mark.parametrize("seed", range(6))
def test_changed_files_say_what_files_written_at_once_say(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    works = {work["id"]: work for work in (make_work(draw, number) for number in range(60))}
    strengths = {work_id: {0: draw.random(), 1: 0.5} for work_id in works}
    write_known(tmp_path / "old", works.values(), strengths=[strengths[i] for i in works], value_ids="ab")
    gone = draw.sample(sorted(works), 5)
    changed = {work["id"]: work for work in (make_work(draw, draw.randint(0, 75)) for _ in range(20))}
    changed = {work_id: work for work_id, work in changed.items() if work_id not in gone}
    given = [{0: 0.25} for _ in changed]
    write_known(tmp_path / "new", changed.values(), strengths=given, value_ids="ab", base=tmp_path / "old", gone=gone)
    after = {work_id: work for work_id, work in (works | changed).items() if work_id not in gone}
    after = dict(sorted(after.items()))
    of_all = [{0: 0.25} if work_id in changed else strengths[work_id] for work_id in after]
    write_known(tmp_path / "whole", after.values(), strengths=of_all, value_ids="ab")
    stepwise, whole = describe(tmp_path / "new"), describe(tmp_path / "whole")
    for what, expected in whole.items():
        assert stepwise[what] == expected, what


def test_works_are_found_by_the_ids_of_their_points() -> None:
    table = open_table([{"id": f"w{n}", "title": f"Title {n}"} for n in range(9)])
    rows = np.array([7, 0, 3])
    assert table.rows_of_points(table.points[rows].tolist()).tolist() == [7, 0, 3]
    assert table.row_of("w5") == 5
    assert table.row_of("unknown") is None
    assert table.rows_of(["w8", "unknown", "w2"]).tolist() == [8, 2]


def test_a_text_with_two_slips_is_found_among_many() -> None:
    draw = random.Random(5)
    letters = "abcdefghijklmnoprstuvw"
    texts = ["".join(draw.choices(letters, k=draw.randint(6, 20))) for _ in range(5_000)]
    connection = sqlite3.connect(":memory:")
    connection.execute(SCHEMA[-1])
    add_grams(connection, "title", list(enumerate(texts)))
    for number in draw.sample(range(5_000), 100):
        text = texts[number]
        swapped = text[:2] + text[3] + text[2] + text[4:]
        assert number in find_alike(connection, "title", swapped)
        assert number in find_alike(connection, "title", text[:1] + text[2:] + "z")


def test_no_works_are_known_of_an_empty_catalogue() -> None:
    table = open_table([])
    assert table.n_works == 0
    assert table.row_of("any") is None
    assert len(table.best(None, "known")) == 0


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "50% of #1, why not?"
    write_known(folder, [{"id": "w1", "title": "The Night Ferry"}])
    assert [found.id for found in names_in(folder).find_all("night ferry")] == ["w1"]
